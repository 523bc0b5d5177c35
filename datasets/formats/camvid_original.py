"""CamVid as its makers publish it: 701 frames of 960×720 and masks ``NAME_L.png`` in 32 RGB colours.

Brostow, Fauqueur and Cipolla, Semantic object classes in video, 2009. The 11 classes are those of Sturgess et al. (BMVC
2009). The SegNet paper merges the 32 classes in the same way.
"""

from pathlib import Path

from ..camvid.layout import SEQUENCES, published_splits
from ..classes import CAMVID, ClassSet
from ..coding import Coding
from ..masks import RGB, pack
from ..pair import Pair
from .files import Matches, images_below, match, together
from .layout import Layout

VOID = "Void"

COLORS: dict[str, RGB] = {
    "Animal": (64, 128, 64),
    "Archway": (192, 0, 128),
    "Bicyclist": (0, 128, 192),
    "Bridge": (0, 128, 64),
    "Building": (128, 0, 0),
    "Car": (64, 0, 128),
    "CartLuggagePram": (64, 0, 192),
    "Child": (192, 128, 64),
    "Column_Pole": (192, 192, 128),
    "Fence": (64, 64, 128),
    "LaneMkgsDriv": (128, 0, 192),
    "LaneMkgsNonDriv": (192, 0, 64),
    "Misc_Text": (128, 128, 64),
    "MotorcycleScooter": (192, 0, 192),
    "OtherMoving": (128, 64, 64),
    "ParkingBlock": (64, 192, 128),
    "Pedestrian": (64, 64, 0),
    "Road": (128, 64, 128),
    "RoadShoulder": (128, 128, 192),
    "Sidewalk": (0, 0, 192),
    "SignSymbol": (192, 128, 128),
    "Sky": (128, 128, 128),
    "SUVPickupTruck": (64, 128, 192),
    "TrafficCone": (0, 0, 64),
    "TrafficLight": (0, 64, 64),
    "Train": (192, 64, 128),
    "Tree": (128, 128, 0),
    "Truck_Bus": (192, 128, 192),
    "Tunnel": (64, 0, 64),
    "VegetationMisc": (192, 192, 0),
    VOID: (0, 0, 0),
    "Wall": (64, 192, 0),
}

MERGED = {
    "Sky": ("Sky",),
    "Building": ("Archway", "Bridge", "Building", "Tunnel", "Wall"),
    "Pole": ("Column_Pole", "TrafficCone"),
    "Road": ("LaneMkgsDriv", "LaneMkgsNonDriv", "Road"),
    "Pavement": ("ParkingBlock", "RoadShoulder", "Sidewalk"),
    "Tree": ("Tree", "VegetationMisc"),
    "SignSymbol": ("Misc_Text", "SignSymbol", "TrafficLight"),
    "Fence": ("Fence",),
    "Car": ("Car", "OtherMoving", "SUVPickupTruck", "Train", "Truck_Bus"),
    "Pedestrian": ("Animal", "CartLuggagePram", "Child", "Pedestrian"),
    "Bicyclist": ("Bicyclist", "MotorcycleScooter"),
}

CAMVID_32 = ClassSet(
    names=tuple(name for name in COLORS if name != VOID),
    colors=tuple(color for name, color in COLORS.items() if name != VOID),
    ignore_index=255,
)
"""All classes but Void, which is ignored."""


def find(root: Path) -> Layout | None:
    """The layout with the 32 classes merged into 11 if the folder has it, else None."""
    labels = {pack(COLORS[name]): CAMVID.names.index(merged) for merged, parts in MERGED.items() for name in parts}
    return _find(root, CAMVID, labels, "the original CamVid, 32 classes merged into 11")


def find_32(root: Path) -> Layout | None:
    """The layout with 31 classes and Void ignored if the folder has it, else None."""
    labels = {pack(color): label for label, color in enumerate(CAMVID_32.colors)}
    return _find(root, CAMVID_32, labels, "the original CamVid, all classes")


def _find(root: Path, classes: ClassSet, labels: dict[int, int], title: str) -> Layout | None:
    files = images_below(root)
    masks = [path for path in files if path.stem.endswith("_L")]
    stems = {path.stem for path in files}
    # Masks of other data sets may end in _L too, so the frames' names must begin with CamVid's sequences.
    if not masks or not any(path.stem.startswith(SEQUENCES) for path in masks):
        return None
    images = [path for path in files if not path.stem.endswith("_L") and not path.stem.startswith("label")]
    found = match(images, masks, lambda path: path.stem, lambda path: path.stem.removesuffix("_L"))
    folder_of = {pair.image.parent.name for pair in found.pairs}
    groups = _group(found.pairs, by_folder=len(folder_of) > 1 and len(stems) == len(files))
    splits, _, _ = together({split: Matches(pairs, [], []) for split, pairs in groups.items()})
    coding = Coding(colors={**labels, pack(COLORS[VOID]): classes.ignore_index}, ignore_index=classes.ignore_index)
    return Layout(title, splits, classes, coding, found.without_mask, found.without_image)


def _group(pairs: list[Pair], by_folder: bool) -> dict[str, list[Pair]]:
    """Pairs by their folders, or by the SegNet authors' lists. Frames in none of the lists are in ``rest``."""
    split_of = published_splits()
    groups: dict[str, list[Pair]] = {"train": [], "val": [], "test": [], "rest": []}
    for pair in pairs:
        split = pair.image.parent.name if by_folder else split_of.get(pair.image.stem, "rest")
        groups.setdefault(split, []).append(pair)
    return groups
