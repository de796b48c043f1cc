"""A small warehouse that passed its checks."""

from support.small_warehouse import build, data, labels

__all__ = ["build", "data", "labels"]
