"""Find unreadable samples of a data set, for a training that leaves them out (``data.on_error: skip``)."""

import hashlib
import json

from segnet.errors import UserError
from segnet.files import cache_folder, write_json
from segnet.lock import lock_file

from .parallel import map_files
from .samples import ImagesAndMasks
from .statistics_cache import state_of

Problems = dict[int, str]
"""Why a sample cannot be read, by its index."""


def without_unreadable(dataset: ImagesAndMasks, cache: float) -> ImagesAndMasks:
    """The samples that can be read; why the others cannot is in ``left_out``.

    All are read once, on all cores. Which ones could not is kept in the user's cache folder, so that the next time
    only these are read again while no file has changed.

    Args:
        dataset: of files, without a cache of decoded samples: that is made like the first one, which may be bad.
        cache: GiB of decoded samples that the result keeps in memory at most.

    Raises:
        UserError: not one can be read.
    """
    problems = cached_problems(dataset)
    kept = [index for index in range(len(dataset)) if index not in problems]
    if not kept:
        raise UserError(f"none of {len(dataset)} images can be read; the first: {problems[0]}")
    dataset.cache = cache
    readable = dataset.subset(kept)
    readable.left_out = tuple(problems.values())
    return readable


def cached_problems(dataset: ImagesAndMasks) -> Problems:
    state = state_of(dataset, dict.fromkeys(file for pair in dataset.pairs for file in pair.files))
    if not state:
        return find_problems(dataset, range(len(dataset)))
    path = cache_folder() / "readable" / f"{hashlib.sha256(state.encode()).hexdigest()[:32]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of several processes of one training the first looks, and the others wait for what it finds.
        with lock_file(path.with_suffix(".lock"), wait=True):
            try:
                suspects = [int(index) for index in json.loads(path.read_bytes())]
            except (OSError, ValueError, TypeError):
                suspects = None
            problems = find_problems(dataset, range(len(dataset)) if suspects is None else suspects)
            if suspects is None:
                write_json(path, list(problems))
            return problems
    except OSError:
        # A home that cannot be written to costs time, nothing else.
        return find_problems(dataset, range(len(dataset)))


def find_problems(dataset: ImagesAndMasks, indices: range | list[int]) -> Problems:
    found = zip(indices, map_files(problem_of, dataset, indices), strict=True)
    return {index: problem for index, problem in found if problem}


def problem_of(dataset: ImagesAndMasks, index: int) -> str:
    """Why sample ``index`` cannot be read; empty where it can."""
    try:
        dataset[index]
    except UserError as error:
        return str(error)
    return ""
