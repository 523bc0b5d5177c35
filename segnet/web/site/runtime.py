"""The files of ONNX Runtime Web: from its npm package, whose integrity is checked, or from a folder."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

from segnet.errors import UserError
from segnet.files import cache_folder, replace_folder, sweep, temporary_beside

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Checksum of the package's archive, in the form of npm's lock files."""
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
LICENSE = f"{PACKAGE} {VERSION}: MIT License, Copyright (c) Microsoft Corporation"
MINUTES = 5


def runtime_files(folder: Path | None) -> dict[str, Path]:
    """The paths of ``FILES``.

    Args:
        folder: holds them, or their package; None: the user's cache folder, which ``npm pack`` fills if it is empty.

    Raises:
        UserError: the folder lacks a file, there is neither npm nor a filled cache, or npm gave another package.
    """
    if folder is not None:
        base = folder / "dist" if (folder / "dist").is_dir() else folder
        missing = [name for name in FILES if not (base / name).is_file()]
        if missing:
            raise UserError(f"--runtime {folder}: no {missing[0]} in it; give the dist folder of {PACKAGE} {VERSION}")
        return {name: base / name for name in FILES}
    kept = cache_folder() / "runtime" / f"{PACKAGE}-{VERSION}"
    if not all((kept / name).is_file() for name in FILES):
        fetch(kept)
    return {name: kept / name for name in FILES}


def fetch(kept: Path) -> None:
    """Fill ``kept`` with the package's files, all or none."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"the browser's runtime is not here and npm, which fetches it, is not installed: install npm, or unpack "
            f"{PACKAGE} {VERSION} on another machine and give --runtime FOLDER"
        )
    kept.parent.mkdir(parents=True, exist_ok=True)
    sweep(kept.parent)
    with temporary_beside(kept, folder=True) as temporary:
        archive = temporary / pack(npm, temporary)
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != INTEGRITY:
            raise UserError(f"{PACKAGE} {VERSION} from npm is not the expected package ({found}); nothing was taken")
        unpacked = temporary / "files"
        unpacked.mkdir()
        with tarfile.open(archive) as tar:
            for name in FILES:
                source = tar.extractfile(f"package/dist/{name}")
                assert source is not None, "the archive is the expected one"
                (unpacked / name).write_bytes(source.read())
        replace_folder(kept, unpacked, temporary)


def pack(npm: str, folder: Path) -> str:
    """Name of the archive that ``npm pack`` put into ``folder``."""
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES, cwd=folder)
    except subprocess.TimeoutExpired:
        raise UserError(f"npm did not fetch {PACKAGE} within {MINUTES} minutes; give --runtime FOLDER") from None
    archives = [path.name for path in folder.glob("*.tgz")]
    if done.returncode or not archives:
        reason = (done.stderr.strip() or "no archive came").splitlines()[0]
        raise UserError(f"npm could not fetch {PACKAGE} {VERSION} ({reason}); give --runtime FOLDER with its files")
    return archives[0]
