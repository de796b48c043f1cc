"""Who sees it: the built-in site, the bulletin, Superset, exported files, and the mirror in PostgreSQL."""
