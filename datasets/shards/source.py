"""Read bytes of a file, on disk or from an HTTP server that answers range requests.

It uses the standard library's ``http.client``, since each process needs only one open connection. A request takes a
quarter of httpx's time (0.4 against 1.5 ms measured), and random access needs one request for every sample.
"""

import http.client
import os
import time
from pathlib import Path
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from segnet.errors import UserError

TRIES, PAUSE_S, TIMEOUT_S, REDIRECTS = 4, 0.25, 30, 5
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers of a server that may succeed in a moment."""


MOST_BYTES = 2**31
"""The most bytes of a whole file whose length is unknown."""
SLOWEST = 10_000
"""Below so many bytes a second, a server counts as stuck."""


class TooLongError(Exception):
    """A body that continues after its expected end."""


def is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def join(place: str, name: str) -> str:
    return f"{place.rstrip('/')}/{quote(name)}" if is_address(place) else str(Path(place, name))


def read(place: str, start: int = 0, length: int | None = None, most: int = MOST_BYTES) -> bytes:
    """Read ``length`` bytes from ``start`` on of the file or address ``place``; all of it if ``length`` is None.

    Raises:
        UserError: there is no such file, it ends too early, it has more than ``most`` bytes when all are read, or the
            server does not answer as it should.
    """
    most = most if length is None else length
    try:
        if is_address(place):
            data = fetch(place, start, length, most)
        else:
            with Path(place).open("rb") as file:
                file.seek(start)
                data = file.read(most + 1 if length is None else length)
    except FileNotFoundError:
        raise UserError(
            f"{place}: no such file; data.root is the folder or address that holds the splits' shards"
        ) from None
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror or error})") from None
    if len(data) > most:
        raise UserError(f"{place}: has more than the {most:,} bytes that are expected; convert or copy the data again")
    if length is not None and len(data) != length:
        raise UserError(f"{place}: ends after byte {start + len(data)}, but the index says more; copy it again")
    return data


def fetch(address: str, start: int, length: int | None, most: int) -> bytes:
    """Like ``read``, from a server.

    If the connection breaks or the server is busy, it tries again after growing pauses.
    """
    headers = {"Accept-Encoding": "identity"}
    if length is not None:
        headers["Range"] = f"bytes={start}-{start + length - 1}"
    problem = ""
    for index in range(TRIES):
        if index:
            time.sleep(PAUSE_S * 4 ** (index - 1))
        try:
            status, body = request(address, headers, most)
        except TooLongError:
            raise UserError(f"{address}: sends more than the {most:,} bytes that are expected; look at it") from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            problem = f"no answer: {error or type(error).__name__}"
            continue
        if status == (200 if length is None else 206):
            return body
        if status == 200:
            raise UserError(f"{address}: the server answers no range requests; serve it with one that does (nginx, S3)")
        problem = f"the server answers {status} {http.client.responses.get(status, '')}".rstrip()
        if status not in BUSY:
            break
    raise UserError(f"{address}: {problem}; look at the address, or try again later")


def request(address: str, headers: dict[str, str], most: int) -> tuple[int, bytes]:
    """Status and body of a GET request, after redirections; of a longer body, ``most`` + 1 bytes."""
    for _ in range(REDIRECTS):
        url = urlsplit(address)
        link = connection(url)
        try:
            link.request("GET", f"{url.path or '/'}{'?' + url.query if url.query else ''}", headers=headers)
            response = link.getresponse()
            if response.status == 200 and "Range" in headers:
                # The server sends the whole file, which is not wanted.
                link.close()
                return response.status, b""
            body = read_body(response, most)
        except BaseException:
            # The rest of an incomplete answer must not be taken for the next one.
            link.close()
            raise
        target = response.headers["Location"]
        if response.status not in (301, 302, 303, 307, 308) or not target:
            return response.status, body
        address = urljoin(address, target)
        if not is_address(address):
            raise UserError(f"{address}: is no http address, to which the server redirects; look at data.root")
    raise UserError(f"{address}: redirected more than {REDIRECTS} times")


def read_body(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body of an answer, unless it is endless or too slow.

    Raises:
        TimeoutError: it was slower than ``SLOWEST``.
    """
    parts, size, begun = list[bytes](), 0, time.monotonic()
    while size <= most and (part := response.read1(min(most + 1 - size, 2**20))):
        parts.append(part)
        size += len(part)
        if time.monotonic() - begun > TIMEOUT_S + size / SLOWEST:
            raise TimeoutError(f"only {size:,} bytes came within {TIMEOUT_S + size / SLOWEST:.0f} s")
    if size > most:
        raise TooLongError
    response.close()
    return b"".join(parts)


_connections: dict[tuple[int, str, str], http.client.HTTPConnection] = {}


def connection(url: SplitResult) -> http.client.HTTPConnection:
    """This process's open connection to a server. A forked process must not use its parent's."""
    key = (os.getpid(), url.scheme, url.netloc)
    if key not in _connections:
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        _connections[key] = kind(url.netloc, timeout=TIMEOUT_S)
    return _connections[key]
