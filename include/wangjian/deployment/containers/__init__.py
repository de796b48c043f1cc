"""Programs for the containers of `docker-compose.yml`: put secrets into the environment, refuse unset ones, first start, health."""
