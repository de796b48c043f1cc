"""docker-compose.yml for real: an engine of our own, stand-ins for the public images, the stack and its ways to die."""
