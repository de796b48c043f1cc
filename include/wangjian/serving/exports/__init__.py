"""Export published tables as files with a descriptor."""
