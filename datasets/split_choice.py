"""What to train on and what to measure on, where nobody has said it."""

from collections.abc import Mapping, Sequence

from segnet.errors import UserError

from .samples import Pair
from .splits import sequences_of

VAL_SHARE = 20
"""Percent of the images that are kept for measuring where the data set has no split for it."""


def choose_splits(splits: Mapping[str, Sequence[Pair]]) -> tuple[str, str]:
    """What to train on and what to measure on: the data set's own splits, else whole sequences, else a share.

    A split named test is left alone: it is for the end.
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
    # At least one image on either side, however few there are.
    share = min(max(VAL_SHARE, -(-100 // len(splits[base]))), 50)
    return f"{base}%0..{100 - share}", f"{base}%{100 - share}..100"


def kept_sequences(sequences: Mapping[str, int]) -> list[str]:
    """Whole sequences that hold about ``VAL_SHARE`` percent of the images, the smallest first."""
    kept: list[str] = []
    held, wanted = 0, VAL_SHARE / 100 * sum(sequences.values())
    for name, count in sorted(sequences.items(), key=lambda entry: (entry[1], entry[0])):
        if kept and held + count / 2 > wanted:
            break
        kept.append(name)
        held += count
    return sorted(kept)
