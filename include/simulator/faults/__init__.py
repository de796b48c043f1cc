"""Faults of the sources that can be switched on by name, for good (`name`) or on one day (`name@2023-02-02`)."""

from simulator.faults import drop_folder, http_api, sftp_tree
from simulator.faults.registry import FAULTS, NONE, Fault, Faults

__all__ = ["FAULTS", "NONE", "Fault", "Faults", "drop_folder", "http_api", "sftp_tree"]
