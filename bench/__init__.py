"""How long the way takes, measured: `make bench`."""
