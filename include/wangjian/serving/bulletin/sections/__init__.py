"""The parts of the bulletin, one module each: a function from figures to a part."""
