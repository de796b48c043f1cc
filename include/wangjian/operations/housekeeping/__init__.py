"""Housekeeping: remove or move everything that is older than its retention period."""
