"""HEIC, in which iPhones save photos: read where the extra ``segnet[heic]`` is installed."""

from functools import cache
from importlib.util import find_spec

HEIC_SUFFIXES = frozenset({".heic", ".heif"})


@cache
def is_readable() -> bool:
    """Whether the extra is there."""
    return find_spec("pillow_heif") is not None


@cache
def register() -> None:
    """Have Pillow know the format, where the extra is there. Only once a file of it is met: it loads a library."""
    if is_readable():
        from pillow_heif import register_heif_opener

        register_heif_opener()


def is_heic(header: bytes) -> bool:
    """By the first 12 bytes of a file (ISO/IEC 23008-12, brands of still images)."""
    return header[4:8] == b"ftyp" and header[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc")
