"""Plumbing that knows nothing of the bureau: errors, files, paths, locks, logs, masking, documents, settings."""
