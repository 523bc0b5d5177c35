"""The folder of a model, by what users name: a run or model folder, a packaged model, or an address on the Hub."""

import functools
import mimetypes
from collections.abc import Iterator
from pathlib import Path

from segnet import hub
from segnet.errors import UserError
from segnet.json_file import MOST_BYTES, read_json
from segnet.model_files import CARD, CONFIG, WEIGHTS, packaged_models
from segnet.nearest import did_you_mean

MOST_WEIGHTS = 4_000_000_000
"""Bytes of weights that are fetched: twice those of the largest encoder of segmentation-models-pytorch."""
OF_OUR_KIND = "give a repository that segnet push wrote"


def find_model(model: str | Path) -> Path:
    """The folder of ``model``. It has both files, and the weights are not a pickle."""
    packaged = packaged_models()
    if str(model) in packaged:
        return packaged[str(model)]
    folder = folder_from_hub(str(model)) if hub.is_address(model) else Path(model)
    if folder.is_file():
        refuse_pickle(folder)
        refuse_other_file(folder)
        raise UserError(f"{folder}: is a file; give the folder that holds {WEIGHTS} and {CONFIG}")
    if not folder.is_dir():
        question = did_you_mean(str(model), packaged)
        raise UserError(
            f"{model}: no such model; {question}{' ' if question else ''}give a run folder or a model folder"
            + (f", or one of {', '.join(packaged)}" if packaged else "")
        )
    for name in (WEIGHTS, CONFIG):
        if not (folder / name).is_file():
            for pickled in pickles_in(folder):
                refuse_pickle(pickled)
            raise UserError(f"{folder}: has no {name}; a run has one once its network was measured for the first time")
    refuse_pickle(folder / WEIGHTS)
    return folder


@functools.cache
def folder_from_hub(address: str) -> Path:
    """The folder of a model from the Hub; one process fetches it once, so that it stays the same for its time.

    Its settings come first, so that a large repository of another kind costs nothing.
    """
    revision = hub.look_up(address)
    settings = revision.fetch(CONFIG, MOST_BYTES)
    content = read_json(settings, OF_OUR_KIND)
    if not isinstance(content, dict) or not {"class_names", "shape"} & content.keys():
        raise UserError(f"{address}: its {CONFIG} is of another kind of model; {OF_OUR_KIND}")
    revision = revision.at_commit_of(settings)
    revision.fetch(WEIGHTS, MOST_WEIGHTS)
    if revision.sizes and CARD in revision.sizes:
        revision.fetch(CARD, MOST_BYTES)
    return settings.parent


def names_model(word: str) -> bool:
    """Whether ``word`` is an address on the Hub, the name of a packaged model, or a folder with a model."""
    return hub.is_address(word) or word in packaged_models() or (Path(word) / WEIGHTS).is_file()


def name_of(model: str | Path) -> str:
    """What a model is called on a page: its folder's name, or its repository's."""
    if hub.is_address(model):
        repository, revision = hub.parse_address(str(model))
        return repository.partition("/")[2] + (f"@{revision}" if revision else "")
    return Path(model).resolve().name


def refuse_other_file(path: Path) -> None:
    """Raise an error that says what was given instead of a model."""
    kind = (mimetypes.guess_type(path.name, strict=False)[0] or "").partition("/")[0]
    if kind in ("image", "video"):
        article = "an" if kind == "image" else "a"
        raise UserError(f"{path}: is {article} {kind}, not a model; the model is named first, then what it shall see")
    if path.suffix in (".yaml", ".yml"):
        raise UserError(f"{path}: is a config, not a model; train it first: segnet train --config {path}")


def pickles_in(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.iterdir()) if path.suffix in (".pt", ".pth", ".pkl", ".ckpt", ".bin"))


def refuse_pickle(path: Path) -> None:
    """Raise an error if the weights are a pickle.

    A zip begins with PK and a pickle with 0x80. A safetensors file may begin with either, but its ninth byte is a
    brace.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if start.startswith((b"PK", b"\x80")) and start[8:] != b"{":
        raise UserError(
            f"{path}: is a pickle, which could run any code, so it is not read; give a folder with {WEIGHTS}"
        )
