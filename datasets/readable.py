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
"""The reason why a sample cannot be read, by its index."""


def without_unreadable(dataset: ImagesAndMasks, cache: float) -> ImagesAndMasks:
    """The samples that can be read. ``left_out`` has the reasons for the others.

    All samples are read once, on all cores. The unreadable ones are listed in the user's cache folder. While no file
    has changed, only these are read again.

    Args:
        dataset: without a cache of decoded samples, since a cache takes its size from the first sample, which may be
            bad.
        cache: most GiB of decoded samples that the result keeps in memory.

    Raises:
        UserError: no sample can be read.
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
        # The first process of a training looks, and the others wait for its result.
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
        # If the home folder cannot be written to, this only costs time.
        return find_problems(dataset, range(len(dataset)))


def find_problems(dataset: ImagesAndMasks, indices: range | list[int]) -> Problems:
    found = zip(indices, map_files(problem_of, dataset, indices), strict=True)
    return {index: problem for index, problem in found if problem}


def problem_of(dataset: ImagesAndMasks, index: int) -> str:
    """The reason why sample ``index`` cannot be read; empty if it can."""
    try:
        dataset[index]
    except UserError as error:
        return str(error)
    return ""
