"""Stray files that systems and programs leave in folders of images. They never belong to a data set."""

STRAYS = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found", "$recycle.bin"})
"""Names of files and folders in lower case."""


def is_stray(name: str) -> bool:
    """Whether a file or folder of this name is left out: hidden ones, and those of Windows, macOS and servers.

    Hidden files include macOS's resource forks (``._a.jpg``), Jupyter's copies (``.ipynb_checkpoints``) and
    ``.DS_Store``.
    """
    return name.startswith(".") or name.lower() in STRAYS
