"""Keep the warehouse healthy and safe: backup, archive, housekeeping, health, metrics, notifications and lineage events."""
