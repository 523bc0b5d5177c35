"""Models on the Hugging Face Hub, named ``hf://owner/name`` or ``hf://owner/name@revision``."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.errors import UserError, first_line
from segnet.terminal import say
from segnet.version import __version__

# Imported on first use: huggingface_hub takes half a second.
if TYPE_CHECKING:
    from huggingface_hub import HfApi

SCHEME = "hf://"
MAIN = "main"
"""The branch that a repository is read from and pushed to."""
REPOSITORY = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
SECONDS = 10
"""The longest silence of the Hub when it is asked for the files of a repository."""


def is_address(model: object) -> bool:
    return str(model).startswith(SCHEME)


def parse_address(address: str) -> tuple[str, str | None]:
    """The repository and the revision of an address; None if it names no revision.

    Raises:
        UserError: the address has another form.
    """
    repository, at, revision = address.removeprefix(SCHEME).partition("@")
    if not REPOSITORY.fullmatch(repository) or (at and not revision.strip()):
        raise UserError(f"{address}: expected {SCHEME}OWNER/NAME or {SCHEME}OWNER/NAME@REVISION")
    return repository, revision or None


@dataclass(frozen=True)
class Revision:
    """A revision of a repository.

    Attributes:
        address: as the user gave it.
        repository: ``owner/name``.
        name: branch, tag or commit.
        sizes: bytes of each of its files, by name; None where the Hub cannot be reached.
    """

    address: str
    repository: str
    name: str
    sizes: Mapping[str, int] | None

    def at_commit_of(self, path: Path) -> "Revision":
        """The revision pinned to the commit of a fetched file, so that all files come from the same commit."""
        return replace(self, name=path.parent.name)

    def fetch(self, name: str, most_bytes: int) -> Path:
        """The path of a file in the Hub's cache on this machine. The file is fetched if it is not there.

        Raises:
            UserError: there is no such file, it is larger than ``most_bytes``, or it cannot be fetched.
        """
        if self.sizes is not None:
            if name not in self.sizes:
                raise UserError(f"{self.address}: has no {name}; give a repository that segnet push wrote")
            if self.sizes[name] > most_bytes:
                megabytes = f"{self.sizes[name] / 1e6:,.0f} MB, more than the limit of {most_bytes / 1e6:,g} MB"
                raise UserError(f"{self.address}: its {name} has {megabytes}; give a repository that segnet push wrote")
        with named(self.address):
            path = hub().hf_hub_download(self.repository, name, revision=self.name, local_files_only=self.sizes is None)
        return Path(path)


def look_up(address: str) -> Revision:
    """Look up the revision that an address names now. Without a network, it is the one that was fetched before.

    Raises:
        UserError: there is no such repository or revision, or access to it is restricted.
    """
    repository, revision = parse_address(address)
    try:
        with named(address):
            info = hub().model_info(repository, revision=revision, timeout=SECONDS, files_metadata=True)
    except UnreachableError as error:
        say(f"{error}; using the files that were fetched before")
        return Revision(address, repository, revision or MAIN, None)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    return Revision(address, repository, revision or MAIN, sizes)


def commit(repository: str, files: Mapping[str, bytes | Path], private: bool) -> str:
    """Write files to the main branch of a repository in one commit. The repository is created if it does not exist.

    Args:
        repository: ``owner/name``.
        files: the content or the path of each file, by its name in the repository.
        private: whether a new repository is private.

    Returns:
        The address of its page.

    Raises:
        UserError: not logged in, not allowed, or the Hub refuses a file.
    """
    from huggingface_hub import CommitOperationAdd

    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    try:
        with named(repository):
            page = hub().create_repo(repository, private=private, exist_ok=True)
            hub().create_commit(repository, operations, commit_message=f"segnet {__version__}: {', '.join(files)}")
    except UnreachableError as error:
        raise UserError(f"{error}; check the connection, then give the command again") from None
    except ValueError as error:
        # After the first line, the message lists the mistakes in the front matter of README.md.
        raise UserError(f"{repository}: the Hub refuses it: {' '.join(str(error).split())}") from None
    return str(page)


def hub() -> "HfApi":
    from huggingface_hub import HfApi

    return HfApi(library_name="segnet", library_version=__version__)


class UnreachableError(UserError):
    """The Hub does not answer."""


@contextmanager
def asked_once(place: str, repository: str, revision: str | None) -> Iterator[None]:
    """Let another library fetch a repository's files. Without a network, it takes those on this machine at once.

    By itself, it would try again for half a minute, with a warning for each try.

    Args:
        place: begins an error's line.
        repository: ``owner/name``.
        revision: branch, tag or commit; None: the main branch.

    Raises:
        UnreachableError: the files are not here, and the Hub does not answer.
        UserError: there is no such repository or revision, or access to it is restricted.
    """
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    try:
        with named(place):
            hub().model_info(repository, revision=revision, timeout=SECONDS)
    except UnreachableError:
        constants.HF_HUB_OFFLINE = True
    try:
        with named(place):
            yield
    finally:
        constants.HF_HUB_OFFLINE = offline


@contextmanager
def named(place: str) -> Iterator[None]:
    """Turn the errors of the Hub and of the network into a line that names ``place``."""
    from httpx2 import TransportError
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise UnreachableError(f"{place}: the Hub is not asked, because HF_HUB_OFFLINE is set") from None
    except errors.LocalEntryNotFoundError:
        raise UnreachableError(
            f"{place}: not on this machine, and the Hub cannot be reached; check the connection"
        ) from None
    except errors.GatedRepoError:
        raise UserError(f"{place}: needs permission; request it on its page, then log in: hf auth login") from None
    except errors.RepositoryNotFoundError:
        raise UserError(
            f"{place}: no such repository, or a private one; check the name, or log in: hf auth login"
        ) from None
    except errors.RevisionNotFoundError:
        raise UserError(f"{place}: the repository has no such revision; give a branch, a tag or a commit") from None
    except errors.HfHubHTTPError as error:
        answer = error.response
        advice = ADVICE.get(answer.status_code, "try again later")
        raise UserError(f"{place}: the Hub answers {answer.status_code} ({answer.reason_phrase}); {advice}") from None
    except TransportError as error:
        raise UnreachableError(f"{place}: the Hub cannot be reached ({first_line(error)})") from None
    except (errors.XetDownloadError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{place}: cannot be fetched ({first_line(error)}); give the command again") from None


ADVICE = {
    401: "log in with `hf auth login`, or set HF_TOKEN",
    403: "log in with a token that may write there: hf auth login",
    429: "wait a few minutes",
}
"""The advice for the status of an answer."""
