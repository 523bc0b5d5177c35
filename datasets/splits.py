"""The syntax of ``data.train`` and ``data.val``: splits by name, by sequence and by share.

``train`` is a split of the data set, and ``train+val`` is two of them. ``train+val@0016E5`` is sequence 0016E5 of both,
and ``train+val-0016E5`` is everything else: together they are a leave-one-sequence-out split. ``all%0..80`` and
``all%80..100`` are four fifths and the rest, chosen by name.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from segnet.errors import UserError
from segnet.rounding import ceil_div

from .pair import Pair

EXAMPLES = "train, train+val, train+val-0006R0 (without a sequence), train@0006R0 (only it) or train%0..80 (a share)"


def select_split(split: str, pairs_of: Callable[[str], list[Pair]], data: str | Path) -> list[Pair]:
    """The pairs that ``split`` stands for, in the data set's order.

    Args:
        split: names joined with ``+``, then sequences that are chosen (``@``) or left out (``-``), then a share
            ``%FROM..TO`` in per cent.
        pairs_of: gives the pairs of one split by its name; raises UserError if there is no such split.
        data: the data set, for errors.

    Raises:
        UserError: the text is no such choice, a split or a sequence does not exist, or no pair is left.
    """
    match = re.fullmatch(r"([^@+%-]+(?:\+[^@+%-]+)*)((?:[@-][^@%]+)*)(?:%(\d{1,3})\.\.(\d{1,3}))?", split)
    if not match:
        raise UserError(f"data split {split!r}: expected one such as {EXAMPLES}")
    names, sequences, start, end = match.groups()
    pairs = [pair for name in names.split("+") for pair in pairs_of(name)]
    pairs = _select_sequences(pairs, sequences, split)
    if start is not None:
        if not int(start) < int(end) <= 100:
            raise UserError(f"data split {split!r}: a share goes from a lower to a higher percentage, as train%0..80")
        pairs = share_of(pairs, int(start), int(end))
    if not pairs:
        raise empty_split(data, split)
    return pairs


def empty_split(data: str | Path, split: str) -> UserError:
    """The error for a split without images."""
    return UserError(f"{data}: the split {split!r} holds no images")


def sequence_of(path: Path) -> str:
    """Name of a frame's video, which is the frame's name up to the ``_``: ``0006R0`` of ``0006R0_f00930.png``."""
    return path.stem.split("_")[0]


def sequences_of(pairs: Sequence[Pair]) -> dict[str, int]:
    """Images of each sequence, sorted by its name."""
    return dict(sorted(Counter(sequence_of(pair.image) for pair in pairs).items()))


def share_of(pairs: Sequence[Pair], start: int, end: int) -> list[Pair]:
    """The pairs from ``start`` to ``end`` per cent, in the order of their names' SHA-256.

    Consecutive shares have no pair in common and none is lost. The folder's place does not matter.
    """
    order = sorted(range(len(pairs)), key=lambda n: (hashlib.sha256(pairs[n].image.stem.encode()).digest(), n))
    chosen = order[round(len(pairs) * start / 100) : round(len(pairs) * end / 100)]
    return [pairs[index] for index in sorted(chosen)]


def _select_sequences(pairs: list[Pair], text: str, split: str) -> list[Pair]:
    present = set(sequences_of(pairs)) if text else set()
    only: set[str] = set()
    without: set[str] = set()
    while text:
        # The longest name comes first, because a sequence's name may contain a "-".
        named = [name for name in present if re.match(re.escape(name) + r"(?=[@-]|$)", text[1:])]
        if not named:
            wrong = re.split("[@-]", text[1:])[0]
            raise UserError(
                f"data split {split!r}: no sequence {wrong!r}; there is {', '.join(sorted(present)) or 'none'}"
            )
        name = max(named, key=len)
        (only if text[0] == "@" else without).add(name)
        text = text[1 + len(name) :]
    if not (only or without):
        return pairs
    return [pair for pair in pairs if sequence_of(pair.image) in (only or present) - without]


VAL_SHARE = 20
"""Per cent of the images that are kept for validation if the data set has no split for it."""


def choose_splits(splits: Mapping[str, Sequence[Pair]]) -> tuple[str, str]:
    """Choose the splits for training and validation: the data set's own, else whole sequences, else a share.

    A split named test is not used, since it is for the end.
    """
    names = [name for name in splits if splits[name]]
    train = next((name for name in names if name.lower().startswith("train") and name != "trainval"), None)
    val = next((name for name in names if name.lower().startswith("val")), None)
    if train and val:
        return train, val
    base = train or next((name for name in names if name != "test"), names[0])
    if len(splits[base]) < 2:
        raise UserError(f"the split {base!r} holds one image; training needs one to learn from and one to measure on")
    sequences = sequences_of(splits[base])
    plain_names = not any(mark in name for name in sequences for mark in "@%+")
    if 3 <= len(sequences) <= len(splits[base]) / 4 and plain_names:
        kept = kept_sequences(sequences)
        return base + "".join(f"-{name}" for name in kept), base + "".join(f"@{name}" for name in kept)
    # There is at least one image on either side, even if there are few.
    share = min(max(VAL_SHARE, ceil_div(100, len(splits[base]))), 50)
    return f"{base}%0..{100 - share}", f"{base}%{100 - share}..100"


def kept_sequences(sequences: Mapping[str, int]) -> list[str]:
    """Whole sequences with about ``VAL_SHARE`` per cent of the images, the smallest first."""
    kept: list[str] = []
    held, wanted = 0, VAL_SHARE / 100 * sum(sequences.values())
    for name, count in sorted(sequences.items(), key=lambda entry: (entry[1], entry[0])):
        if kept and held + count / 2 > wanted:
            break
        kept.append(name)
        held += count
    return sorted(kept)


def spread(count: int, length: int) -> list[int]:
    """At most ``count`` of the numbers from 0 to ``length - 1``, in equal steps from 0 on."""
    count = min(count, length)
    return [index * length // count for index in range(count)]
