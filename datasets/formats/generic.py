"""Anybody's images and masks: in two folders, in folders by split, or side by side, with any names.

What the masks' values mean is said by a file of classes beside them, or is found out by looking at all of them.
"""

from collections.abc import Iterable
from pathlib import Path

from segnet.errors import UserError

from ..classes import ClassSet, voc_color
from ..coding import Coding, pack
from ..folder import pairs_from_list
from ..samples import Pair
from .class_files import NamedClasses, read_class_file
from .files import Matches, folders_in, images_below, images_in, match, together
from .layout import Layout
from .names import (
    FOLDER_ENDINGS,
    IMAGE_FOLDERS,
    MASK_FOLDERS,
    image_key,
    is_mask_name,
    mask_key,
    split_name,
)

IGNORED_NAMES = frozenset({"void", "unlabelled", "unlabeled", "unlabel", "ignore", "ignored", "unknown", "dontcare"})
LIST_FOLDERS = ("", "splits", "ImageSets/Segmentation", "lists")


def find(root: Path) -> Layout | None:
    """The layout, where images with masks are found in one of the ways that are known.

    Raises:
        UserError: two files stand for one sample, or a list or a file of classes is not right.
    """
    for way in (_two_folders, _folder_by_split, _folder_beside_folder, _side_by_side):
        matches = way(root)
        if any(found.pairs for found in matches.values()):
            break
    else:
        return None
    splits, without_mask, without_image = together(matches)
    listed = _lists(root, [pair for pairs in splits.values() for pair in pairs])
    named = read_class_file(root)
    classes, coding = classes_of(named) if named else (None, Coding())
    return Layout("images and masks", listed or splits, classes, coding, without_mask, without_image)


def classes_of(named: NamedClasses) -> tuple[ClassSet, Coding]:
    """Classes and coding of a class file; names such as void are of ignored pixels."""
    if len(set(named.names)) != len(named.names):
        raise UserError(f"{named.path}: two classes have the same name; give each its own")
    kept = [place for place, name in enumerate(named.names) if name.lower() not in IGNORED_NAMES]
    ignored = [place for place in range(len(named.names)) if place not in kept]
    values = named.values or list(range(len(named.names)))
    if len(kept) > 255 or not kept:
        raise UserError(f"{named.path}: {len(kept)} classes; a data set has 1 to 255")
    # In index masks the value of the one ignored class stays, where no class has it: they are read as they are.
    by_index = named.values is not None or not named.colors
    stays = by_index and len(ignored) == 1 and len(kept) <= values[ignored[0]] <= 255
    ignore_index = values[ignored[0]] if stays else 255
    colors = [named.colors[place] for place in kept] if named.colors else [voc_color(n + 1) for n in range(len(kept))]
    label_of = {place: label for label, place in enumerate(kept)} | dict.fromkeys(ignored, ignore_index)
    indices = {values[place]: label for place, label in label_of.items()}
    colored = {pack(named.colors[place]): label for place, label in label_of.items()} if named.colors else {}
    indices.setdefault(255, ignore_index)
    classes = ClassSet(tuple(named.names[place] for place in kept), tuple(colors), ignore_index)
    return classes, Coding(indices, colored, ignore_index)


def _two_folders(root: Path) -> dict[str, Matches]:
    """``images[/SPLIT]`` and ``masks[/SPLIT]``."""
    images, masks = _named(root, IMAGE_FOLDERS), _named(root, MASK_FOLDERS)
    if images is None or masks is None:
        return {}
    splits = folders_in(images)
    if images_in(images) or not splits:
        return {"all": _pair_up(images_below(images), images_below(masks))}
    by_name = {split_name(path.name): path for path in folders_in(masks)}
    alone = not by_name
    return {
        split_name(split.name): _pair_up(
            images_below(split),
            images_below(masks if alone else by_name.get(split_name(split.name), masks / split.name)),
        )
        for split in splits
    }


def _folder_by_split(root: Path) -> dict[str, Matches]:
    """``SPLIT/images`` and ``SPLIT/masks``."""
    found = {}
    for split in folders_in(root):
        images, masks = _named(split, IMAGE_FOLDERS), _named(split, MASK_FOLDERS)
        if images is not None and masks is not None:
            found[split_name(split.name)] = _pair_up(images_below(images), images_below(masks))
    return found


def _folder_beside_folder(root: Path) -> dict[str, Matches]:
    """``SPLIT`` and ``SPLIT_labels``."""
    names = {path.name for path in folders_in(root)}
    partner = {name: name + ending for name in names for ending in FOLDER_ENDINGS if name + ending in names}
    return {
        split_name(name): _pair_up(images_below(root / name), images_below(root / partner[name]))
        for name in sorted(partner)
    }


def _side_by_side(root: Path) -> dict[str, Matches]:
    """``NAME.jpg`` and ``NAME_mask.png``, or ``NAME.jpg`` and ``NAME.png``, in one folder or in one a split."""
    splits = {split_name(path.name): images_in(path) for path in folders_in(root)}
    return {split: _apart(files) for split, files in {"all": images_in(root), **splits}.items() if files}


def _apart(files: list[Path]) -> Matches:
    masks = [path for path in files if is_mask_name(path)]
    if not masks:
        photos = [path for path in files if path.suffix.lower() in (".jpg", ".jpeg", ".webp")]
        masks = [path for path in files if path.suffix.lower() in (".png", ".tif", ".tiff")] if photos else []
    return _pair_up([path for path in files if path not in set(masks)], masks)


def _pair_up(images: Iterable[Path], masks: Iterable[Path]) -> Matches:
    """By the same name first, then by names without what only says image or mask."""
    exact = match(images, masks, lambda path: path.stem) if _unique(images) and _unique(masks) else None
    if exact and exact.pairs:
        rest = match(exact.without_mask, exact.without_image, image_key, mask_key)
        return Matches(sorted(exact.pairs + rest.pairs), rest.without_mask, rest.without_image)
    if exact is None:
        # One name in several folders, as in camera1/0001.png and camera2/0001.png: the folders tell them apart.
        return match(images, masks, lambda path: _in_folder(path, image_key), lambda path: _in_folder(path, mask_key))
    return match(images, masks, image_key, mask_key)


def _in_folder(path: Path, key: object) -> str:
    return f"{path.parent.name}/{image_key(path) if key is image_key else mask_key(path)}"


def _unique(paths: Iterable[Path]) -> bool:
    stems = [path.stem for path in paths]
    return len(stems) == len(set(stems))


def _named(root: Path, names: frozenset[str]) -> Path | None:
    return next((path for path in folders_in(root) if path.name.lower() in names), None)


def _lists(root: Path, pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Splits from ``train.txt`` and its like: an image and a mask a line, or a name a line."""
    found: dict[str, list[Pair]] = {}
    pair_of = {name: pair for pair in pairs for name in (pair.image.name, pair.image.stem, image_key(pair.image))}
    for folder in LIST_FOLDERS:
        for name in ("train", "val", "valid", "validation", "trainval", "test"):
            path = root / folder / f"{name}.txt"
            if not path.is_file():
                continue
            lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
            if lines and all(len(line.split()) == 2 for line in lines):
                found[split_name(name)] = pairs_from_list(path, root)
                continue
            stems = [line.strip().replace("\\", "/").rpartition("/")[2] for line in lines]
            missing = [stem for stem in stems if stem not in pair_of]
            if missing:
                raise UserError(f"{path}: no image with a mask named {missing[0]} (of {len(missing)} missing)")
            found[split_name(name)] = [pair_of[stem] for stem in stems]
        if found:
            break
    return {split: listed for split, listed in found.items() if listed}
