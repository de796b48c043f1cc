"""What came in: the sources, how their exports are fetched, where the bytes land, and how they are parsed."""
