"""How the project's documentation becomes a site: `make docs`. A warning fails, so a link that leads nowhere does."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

HERE = Path(__file__).parent

project = "Wangjian 网监数仓"
html_title = project
language = "zh_CN"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
# diagrams stand as text: to draw them would need a script from elsewhere
suppress_warnings = ["misc.highlighting_failure"]


def name_files_of_the_repository(_app: Sphinx, page: str, source: list[str]) -> None:
    """What lies outside `docs/` is no page: its link becomes its name, and must exist."""
    folder = (HERE / page).parent

    def named(link: re.Match[str]) -> str:
        target = (folder / link["path"]).resolve()
        if target.is_relative_to(HERE):
            return link[0]
        if not target.exists():
            logging.getLogger(__name__).warning("%s: there is no %s", page, link["path"])
        name = target.relative_to(HERE.parent).as_posix()
        return f"`{name}`" if link["text"].strip("`") in name else f"{link['text']} (`{name}`)"

    source[0] = re.sub(r"(?<!!)\[(?P<text>[^]]*)\]\((?P<path>\.\./[^)#\s]+)(?:#[^)]*)?\)", named, source[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", name_files_of_the_repository)
