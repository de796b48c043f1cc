"""Everything that leaves the project: the offline bundle, its bill of materials and licences, and the audit of known vulnerabilities."""
