"""Where it runs: on one machine, or in containers."""
