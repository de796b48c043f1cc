"""What the containers of `docker-compose.yml` need: secrets into the environment, refusal of unset ones, first start, health."""
