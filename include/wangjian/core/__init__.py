"""Helpers without business rules: errors, files, paths, locks, logs, masking, YAML documents, settings."""
