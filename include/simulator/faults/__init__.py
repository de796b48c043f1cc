"""Faults of the sources. Each is switched on by its name: for all days (`name`), or for one day (`name@2023-02-02`)."""

from simulator.faults import drop_folder, http_api, sftp_tree
from simulator.faults.registry import FAULTS, NONE, Fault, Faults

__all__ = ["FAULTS", "NONE", "Fault", "Faults", "drop_folder", "http_api", "sftp_tree"]
