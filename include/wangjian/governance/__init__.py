"""Who decided, and who may see it: quarantine, corrections, waivers, erasure, privacy, roles, and trace."""
