"""Publication: a checked copy of the marts, put before the readers in one step, and taken back in one."""

from wangjian.publishing.labels import Labels, load_labels
from wangjian.publishing.publish import PublishReport, publish
from wangjian.publishing.reading import open_published
from wangjian.publishing.shelf import current, kept, publications, rollback

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
