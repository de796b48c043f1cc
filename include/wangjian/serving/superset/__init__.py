"""Superset over the published file: its assets made from `dashboards/superset/` and the labels, and the server on this machine."""
