"""Run docker-compose.yml for real: a Docker engine for the tests, stand-ins for the public images, and the stack."""
