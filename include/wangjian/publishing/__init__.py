"""Publish a checked copy of the marts to readers in one step, and roll it back in one step."""

from wangjian.publishing.publish import PublishReport, publish
from wangjian.publishing.reading import open_published
from wangjian.publishing.shelf import current, kept, publications, rollback
from wangjian.warehouse.labels import Labels, load_labels

__all__ = [
    "Labels",
    "PublishReport",
    "current",
    "kept",
    "load_labels",
    "open_published",
    "publications",
    "publish",
    "rollback",
]
