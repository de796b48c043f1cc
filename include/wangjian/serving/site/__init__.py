"""The built-in site: static pages made from the published file. They need no server and no network."""

from wangjian.serving.site.write import is_current, write_site

__all__ = ["is_current", "write_site"]
