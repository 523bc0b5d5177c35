"""Images from what users name: files, folders, patterns, addresses, and ``-`` for standard input."""

import glob
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from segnet.datasets.image_files import ALLOWED, IMAGE_SUFFIXES, Allowed, Pixels, pages_of, read_image
from segnet.datasets.strays import is_stray
from segnet.datasets.unread import unread_lines
from segnet.errors import UserError
from segnet.nn.model_folder import names_model

STDIN = "-"
LARGEST = 1_000_000_000
"""The most bytes of an image that is no file of this machine."""
RESERVED = "%/:?#[]@!$&'()*+,;=~"
"""Characters with a meaning in an address, or already replaced (RFC 3986)."""
SECONDS = 30
"""An address may be silent for so long."""
SECONDS_IN_ALL = 600
"""A whole image may take so long to arrive."""
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".gif"}
)


class ImageInput(NamedTuple):
    """One image.

    Attributes:
        path: the file; for other images, the name that a file would have.
        origin: the address, or ``-``; empty for a file.
        below: the file's folder, relative to the folder that was named.
    """

    path: Path
    origin: str = ""
    below: Path = Path()

    def pages(self, allowed: Allowed = ALLOWED) -> "Pages":
        """The image, read page by page. An image that is no file is fetched now.

        Raises:
            UserError: it cannot be fetched, or is no image. Reading a page may raise this too.
        """
        content = None
        if self.origin:
            content = read_stdin() if self.origin == STDIN else download(self.origin)
        with self._named():
            numbers = pages_of(self.path, content=content, allowed=allowed)
        return Pages(len(numbers), self._read(numbers, content, allowed))

    def _read(self, numbers: list[int], content: bytes | None, allowed: Allowed) -> Iterator[Pixels]:
        for number in numbers:
            with self._named():
                image = read_image(self.path, content, allowed, number or None)
            yield image

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Put the user's own words into errors, in the place of a path that does not exist."""
        try:
            yield
        except UserError as error:
            if not self.origin:
                raise
            raise UserError(f"{self.named}{str(error).removeprefix(str(self.path))}") from None

    @property
    def named(self) -> str:
        """The file, the address, or ``standard input``."""
        return "standard input" if self.origin == STDIN else self.origin or str(self.path)


class Pages(NamedTuple):
    """The images of a file: one, or the pages of a TIFF stack.

    Attributes:
        total: their number.
        images: each ``(H, W, 3)`` uint8 RGB, read on demand.
    """

    total: int
    images: Iterator[Pixels]


def is_address(word: str) -> bool:
    """Whether an image must be fetched from another machine."""
    return word.lower().startswith(("http://", "https://"))


def find_images(words: Sequence[str], recursive: bool = False) -> Iterator[ImageInput]:
    """The images that the words name, in order. One that is named twice comes once.

    Args:
        words: files, folders, patterns, addresses, or ``-``.
        recursive: search the folders inside folders too.

    Raises:
        UserError: a word stands for no image.
    """
    seen = set()
    for word in words:
        for image in _named_by(word, recursive):
            # Patterns with ** follow links, which may lead round in circles.
            key = image.origin or str(Path(os.path.realpath(image.path.parent), image.path.name))
            if key not in seen:
                seen.add(key)
                yield image


def _named_by(word: str, recursive: bool) -> list[ImageInput]:
    if word == STDIN:
        return [ImageInput(Path("stdin"), STDIN)]
    if is_address(word):
        return [ImageInput(path_of_address(word), word)]
    return _files(word, recursive)


def path_of_address(address: str) -> Path:
    """The name that a file from an address would have.

    Raises:
        UserError: it is no address.
    """
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname)
    except ValueError:
        has_host = False
    if not has_host:
        raise UserError(f"{address}: is not an address; give one such as https://example.org/street.jpg")
    return Path(PurePosixPath(unquote(parts.path)).name or "image")


def _files(word: str, recursive: bool) -> list[ImageInput]:
    path = Path(word)
    if path.is_dir():
        found = [ImageInput(entry, below=entry.parent.relative_to(path)) for entry in images_in(path, recursive)]
    elif path.exists() or path.is_symlink():
        refuse_video(path)
        found = [ImageInput(path)]
    else:
        # Path.glob accepts no absolute pattern.
        matches = sorted(Path(match) for match in glob.glob(word, recursive=recursive))  # noqa: PTH207
        found = [ImageInput(match) for match in matches if not match.is_dir()]
    if not found:
        raise UserError(nothing_at(word, recursive))
    return found


def images_in(folder: Path, recursive: bool) -> list[Path]:
    """The image files of a folder, without hidden ones and those that systems leave there."""
    entries = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        entry
        for entry in entries
        if entry.suffix.lower() in IMAGE_SUFFIXES
        and not any(is_stray(part) for part in entry.relative_to(folder).parts)
        and not entry.is_dir()
    )


def unread_in(words: Sequence[str], recursive: bool) -> Iterator[str]:
    """A line for each format in the named folders that is recognised but not read."""
    for folder in dict.fromkeys(Path(word) for word in words if Path(word).is_dir()):
        entries = folder.rglob("*") if recursive else folder.iterdir()
        for line in unread_lines(entry.name for entry in entries if not is_stray(entry.name)):
            yield f"{folder}: {line}"


def nothing_at(word: str, recursive: bool) -> str:
    """Why a word names no image."""
    if names_model(word):
        return f"{word}: is a model, not an image; the model is named first, then the images"
    path = Path(word)
    if path.is_dir() and not recursive and any(entry.is_dir() for entry in path.iterdir()):
        return f"{word}: no image in this folder itself; take those of its folders too with --recursive"
    suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
    advice = (
        f"{word}: no image there; give files, folders with {suffixes}, patterns, addresses, or - for standard input"
    )
    unread = unread_lines(entry.name for entry in path.iterdir()) if path.is_dir() else []
    return advice + "".join(f". There are {line}" for line in unread)


def refuse_video(path: Path) -> None:
    """Say which command takes a video.

    Raises:
        UserError: the file's name is that of a video.
    """
    if path.suffix.lower() in VIDEO_SUFFIXES:
        raise UserError(f"{path}: is a video, not an image; use: segnet video MODEL {path} {path.stem}_classes.mp4")


def read_stdin() -> bytes:
    """All of standard input.

    Raises:
        UserError: there is nothing, or too much.
    """
    content = sys.stdin.buffer.read(LARGEST + 1)
    if not content:
        raise UserError("standard input: is empty; give it an image, as in: segnet predict MODEL - < street.jpg")
    return _checked("standard input", content)


def download(address: str) -> bytes:
    """Download an address.

    Raises:
        UserError: the download fails, or gives a page instead of an image.
    """
    # People copy addresses with spaces and letters of any alphabet, as browsers show them.
    request = urllib.request.Request(quote(address, safe=RESERVED), headers={"User-Agent": "segnet"})
    try:
        with web_only().open(request, timeout=SECONDS) as response:
            kind = response.headers.get_content_type()
            if kind.startswith("text/"):
                raise UserError(f"{address}: is a page ({kind}), not an image; give the address of the image itself")
            return _checked(address, _body(address, response))
    except urllib.error.HTTPError as error:
        reason = str(error.reason).partition("\n")[0]
        raise UserError(f"{address}: the server answers {error.code} ({reason}); check the address") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = str(getattr(error, "reason", None) or error).partition("\n")[0].strip()
        raise UserError(f"{address}: cannot be fetched ({reason}); check the address and the connection") from None


def _body(address: str, response: http.client.HTTPResponse) -> bytes:
    """All that comes, until it is more than an image has."""
    content, end = bytearray(), time.monotonic() + SECONDS_IN_ALL
    while len(content) <= LARGEST and (part := response.read1(LARGEST + 1 - len(content))):
        content += part
        if time.monotonic() > end:
            raise UserError(f"{address}: has not arrived after {SECONDS_IN_ALL} s; save it as a file first")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return bytes(content)


def web_only() -> urllib.request.OpenerDirector:
    """Opens http and https alone, to which a server may redirect; ``urlopen`` would follow it to FTP too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _checked(name: str, content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise UserError(f"{name}: more than {LARGEST / 1e9:g} GB; make it smaller, or save it as a file")
    return content
