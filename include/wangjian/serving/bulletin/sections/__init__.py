"""The parts of the bulletin, one module each: a function that returns the part for given figures."""
