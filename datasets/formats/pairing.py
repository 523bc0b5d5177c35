"""Match masks to images by their names, for any names and depths of folders.

The path of a file names a sample (``0001``), a split or scene (``train``, ``scene1``) and a side (``rgb``,
``semantic``). A word that occurs on only one side names that side. The rest must be equal in a pair.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from segnet.errors import UserError

from ..pair import Pair
from .names import DERIVED, IMAGE_WORDS, MASK_WORDS, SPLIT_NAMES, composed, folder_words, split_name, stem_words
from .tree import Parts, suffix

FREQUENT = 0.25
"""If at least this share of a folder's files has the same first or last word, the word separates them."""
MANY_SPLITS = 12
"""A larger number of folders are scenes, not splits."""
STRAY = 0.05
"""For each name of its own side, a word that marks a side may be in so many names of the other."""


@dataclass(frozen=True)
class Group:
    """Files of one folder whose names are of one kind, so that all are images or all are masks.

    Attributes:
        parts: the folder.
        kind: suffix, first word and last word, if these separate the folder's files.
        names: names of the files, sorted.
    """

    parts: Parts
    kind: tuple[str, str, str]
    names: list[str] = field(compare=False)

    @property
    def words(self) -> set[str]:
        """The words that the names of the folder and of its files have in common."""
        return {word for part in self.parts for word in folder_words(part)} | set(self.kind[1:]) - {""}

    @property
    def rank(self) -> int:
        """How strongly the words say that the files were made from others. Of two groups, the lower rank is meant."""
        return sum(DERIVED.get(word, 0) for word in self.words)

    def title(self) -> str:
        """A description for messages."""
        first, last = self.kind[1:]
        pattern = f"{first}*" if first else f"*{last}" if last else "*"
        return "/".join((*self.parts, f"{pattern}{self.kind[0]}"))


class Member(NamedTuple):
    """A file and the words of its name."""

    group: Group
    name: str
    words: tuple[str, ...]

    @property
    def stem(self) -> str:
        return self.name[: -len(suffix(self.name))]


@dataclass
class Pairing:
    """The result of pairing.

    Attributes:
        splits: pairs by split; ``all`` if no folder names one.
        without_mask, without_image: files without a partner.
        notes: omissions, in words.
    """

    splits: dict[str, list[Pair]]
    without_mask: list[Path]
    without_image: list[Path]
    notes: list[str]


def groups_of(folders: dict[Parts, list[str]]) -> list[Group]:
    """The files of each folder, separated by suffix and by a frequent first or last word."""
    found = []
    for parts, names in folders.items():
        words = [stem_words(name[: -len(suffix(name))]) for name in names]
        firsts, lasts = (Counter(each[place] for each in words if len(each) > 1) for place in (0, -1))
        members: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for name, each in zip(names, words, strict=True):
            first, last = (_kind_word(each, place, count, len(names)) for place, count in ((0, firsts), (-1, lasts)))
            members[_suffix_kind(name), first, last].append(name)
        found += [Group(parts, kind, inner) for kind, inner in members.items()]
    return found


def _kind_word(words: tuple[str, ...], place: int, count: Counter[str], total: int) -> str:
    if len(words) < 2:
        return ""
    word = words[place]
    known = word in IMAGE_WORDS or word in MASK_WORDS or word in DERIVED
    return word if known or (not word.isdecimal() and count[word] >= FREQUENT * total) else ""


def _suffix_kind(name: str) -> str:
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix(name), suffix(name))


def pair_up(root: Path, images: Sequence[Group], masks: Sequence[Group]) -> Pairing:
    """Pair the files of two sides.

    Raises:
        UserError: two files stand for the same sample.
    """
    sides = _Side(images, masks, IMAGE_WORDS), _Side(masks, images, MASK_WORDS)
    beaten: set[Group] = set()
    pairs: list[tuple[Member, Member]] = []
    for key in (_exact, _stripped, _numbers, _alone(_exact), _alone(_stripped), _alone(_numbers)):
        pairs += _match(root, sides, key, beaten)
    splits = _splits(root, pairs)
    left = [[_path(root, member) for member in side.left if member.group not in beaten] for side in sides]
    notes = [f"left out: {group.title()}, which pairs with the same files" for group in sorted(beaten, key=Group.title)]
    return Pairing(splits, sorted(left[0]), sorted(left[1]), notes)


class _Side:
    """The images or the masks that still have no partner."""

    def __init__(self, own: Sequence[Group], other: Sequence[Group], words: frozenset[str]) -> None:
        self.left = list(_members(own))
        self.words = words
        self.others_folders = {word for group in other for part in group.parts for word in folder_words(part)}
        self.own_names, self.others_names = (
            Counter(word for member in members for word in set(member.words))
            for members in (self.left, _members(other))
        )
        self._folders: dict[Parts, tuple[str, ...]] = {}

    def folder(self, parts: Parts) -> tuple[str, ...]:
        """The words of a folder that the other side has too, sorted, with splits by their usual names."""
        if parts not in self._folders:
            words = [word for part in parts for word in folder_words(part)]
            kept = [SPLIT_NAMES.get(w, w) for w in words if w in SPLIT_NAMES or w in self.others_folders]
            self._folders[parts] = tuple(sorted(kept))
        return self._folders[parts]

    def name(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The words of a file, without words at its ends that only this side has."""
        start, stop = 0, len(words)
        while stop - start > 1 and self._says_side(words[stop - 1]):
            stop -= 1
        while stop - start > 1 and self._says_side(words[start]):
            start += 1
        return words[start:stop]

    def _says_side(self, word: str) -> bool:
        if word.isdecimal():
            return False
        # A stray mask_example.jpg among the images does not make "mask" a word of both sides.
        few = STRAY * self.own_names[word] if word in self.words else 0
        return self.others_names[word] <= few


def _members(groups: Iterable[Group]) -> Iterator[Member]:
    for group in groups:
        for name in group.names:
            yield Member(group, name, stem_words(name[: -len(suffix(name))]))


Key = Callable[[_Side, Member], tuple[object, ...] | None]


def _exact(side: _Side, member: Member) -> tuple[object, ...]:
    return side.folder(member.group.parts), composed(member.stem)


def _stripped(side: _Side, member: Member) -> tuple[object, ...]:
    return side.folder(member.group.parts), side.name(member.words)


def _numbers(side: _Side, member: Member) -> tuple[object, ...]:
    words = side.name(member.words)
    return side.folder(member.group.parts), tuple(word.lstrip("0") if word.isdecimal() else word for word in words)


def _alone(key: Key) -> Key:
    """The key without the folder, except for its split."""

    def without_folder(side: _Side, member: Member) -> tuple[object, ...]:
        found = key(side, member)
        assert found is not None
        return ("alone", found[1])

    return without_folder


def _match(root: Path, sides: tuple[_Side, _Side], key: Key, beaten: set[Group]) -> list[tuple[Member, Member]]:
    """Pairs of equal keys, which leave the sides.

    Of several files with one key, the one with the lowest rank is meant.
    """
    by_key: list[dict[tuple[object, ...], list[Member]]] = []
    for side in sides:
        found: dict[tuple[object, ...], list[Member]] = defaultdict(list)
        for member in side.left:
            if member.group not in beaten and (value := key(side, member)) is not None:
                found[value].append(member)
        by_key.append(found)
    pairs, gone = [], set()
    for value, images in by_key[0].items():
        masks = by_key[1].get(value, [])
        if not masks:
            continue
        if value[0] == "alone" and (len(images) > 1 or len(masks) > 1 or not _same_split(sides, images[0], masks[0])):
            continue
        image, mask = (_meant(root, members, beaten) for members in (images, masks))
        pairs.append((image, mask))
        gone |= {image, mask}
    for side in sides:
        side.left = [member for member in side.left if member not in gone]
    return pairs


def _meant(root: Path, members: list[Member], beaten: set[Group]) -> Member:
    members = sorted(members, key=lambda member: member.group.rank)
    if len(members) > 1 and members[0].group.rank == members[1].group.rank:
        raise UserError(
            f"{_path(root, members[1])}: stands for the same sample as {_path(root, members[0])}; take one of them "
            "out, or say which files are meant with --images PATTERN and --masks PATTERN. A mask holds all classes of "
            "its image: bring masks of one class each together first"
        )
    beaten |= {member.group for member in members[1:]}
    return members[0]


def _same_split(sides: tuple[_Side, _Side], image: Member, mask: Member) -> bool:
    known = set(SPLIT_NAMES.values())
    one, other = (known & set(side.folder(m.group.parts)) for side, m in zip(sides, (image, mask), strict=True))
    return not one or not other or one == other


def _splits(root: Path, pairs: Iterable[tuple[Member, Member]]) -> dict[str, list[Pair]]:
    """The pairs by the split in a folder's name. Without such a word, by folder if there are few folders."""
    pairs = sorted(pairs, key=lambda pair: (pair[0].group.parts, pair[0].name))
    named = [_split_word(image.group.parts, mask.group.parts) for image, mask in pairs]
    if not any(named):
        named = _by_folder([image.group.parts for image, _ in pairs], [mask.group.parts for _, mask in pairs])
    splits: dict[str, list[Pair]] = defaultdict(list)
    for (image, mask), split in zip(pairs, named, strict=True):
        splits[split or "rest"].append(Pair(_path(root, image), _path(root, mask)))
    return dict(splits)


def _split_word(image: Parts, mask: Parts) -> str:
    """The split that a folder in an image's path names, or else a folder in its mask's path.

    A folder in both paths keeps its name, such as COCO's ``train2017``. Of other folders, only the word counts.
    """
    for part in (*image, *mask):
        for word in folder_words(part):
            if word in SPLIT_NAMES:
                return split_name(part) if part in image and part in mask else SPLIT_NAMES[word]
    return ""


def _by_folder(images: list[Parts], masks: list[Parts]) -> list[str]:
    """The folder of each pair at the first depth at which both sides share several folders; else ``all``."""
    for depth in range(max(map(len, images), default=0)):
        names = [parts[depth] if depth < len(parts) else "" for parts in images]
        shared = all(name in mask for name, mask in zip(names, masks, strict=True))
        if shared and 1 < len(set(names)) <= MANY_SPLITS:
            return [split_name(name) for name in names]
    return ["all"] * len(images)


def _path(root: Path, member: Member) -> Path:
    return root.joinpath(*member.group.parts, member.name)
