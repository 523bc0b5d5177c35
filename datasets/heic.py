"""HEIC, the format of iPhone photos, which needs the extra ``segnet[heic]``."""

from functools import cache
from importlib.util import find_spec

HEIC_SUFFIXES = frozenset({".heic", ".heif"})


@cache
def is_readable() -> bool:
    """Whether the extra is installed."""
    return find_spec("pillow_heif") is not None


@cache
def register() -> None:
    """Register the format with Pillow if the extra is installed.

    This loads a library, so it waits for the first HEIC file.
    """
    if is_readable():
        from pillow_heif import register_heif_opener

        register_heif_opener()


def is_heic(header: bytes) -> bool:
    """Whether the first 12 bytes of a file are those of HEIC (ISO/IEC 23008-12, brands of still images)."""
    return header[4:8] == b"ftyp" and header[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc")
