"""How each format of landed files is read."""
