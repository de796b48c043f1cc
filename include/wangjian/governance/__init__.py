"""Decisions of persons and access to data: quarantine, corrections, waivers, erasure, privacy, roles and trace."""
