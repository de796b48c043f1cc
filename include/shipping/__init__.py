"""What goes out of the house: the bundle for machines without a package index, what is in it, under which licences, and what is known against it."""
