"""Superset over the published file: import files made from `dashboards/superset/` and the labels, and a server on this machine."""
