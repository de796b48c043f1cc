"""Measure how long each step from the sources to the published file takes: `make bench`."""
