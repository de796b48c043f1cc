"""Handing the published tables out in other forms: files with a descriptor, a mirror in PostgreSQL."""
