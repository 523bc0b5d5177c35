"""The docs as a site: Sphinx reads the same Markdown that is read in the repository."""

import re
from typing import Any

from segnet.version import __version__

project = "SegNet"
author = "the SegNet project"
copyright = "2026, the SegNet project"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"SegNet {__version__}"
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_ambiguous", "misc.highlighting_failure"]


PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "segnet/weights/camvid-lite/README.md": "model_card.md",
    "segnet/weights/camvid/README.md": "model_card_camvid.md",
}
"""Files outside docs/ that are pages of the site."""


def to_pages(text: str) -> str:
    """Links to files outside docs/ lead to their pages; a link to a folder, which a site cannot show, is its text."""
    for file, page in PAGES.items():
        text = re.sub(rf"\]\((?:\.\./)*{re.escape(file)}(#[^)]*)?\)", rf"]({page}\1)", text)
    return re.sub(r"\[([^\]]+)\]\(\.\./[\w/]+\)", r"\1", text)


def rewrite(*arguments: Any) -> None:
    """Of a page as it is read or included: the last argument is a list with its text."""
    arguments[-1][0] = to_pages(arguments[-1][0])


def setup(app: Any) -> None:
    app.connect("source-read", rewrite)
    app.connect("include-read", rewrite)
