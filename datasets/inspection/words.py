"""An inspection as text, for the terminal and the page."""

from .inspection import Inspection
from .leaks import Leak


def facts(inspection: Inspection) -> list[tuple[str, str]]:
    """Facts about the whole data set, in words."""
    layout = inspection.layout
    sizes = [f"{width}×{height} ({count:,})" for (height, width), count in list(inspection.sizes.items())[:4]]
    more = f" and {len(inspection.sizes) - 4} more" if len(inspection.sizes) > 4 else ""
    between = sum(leak.splits[0] != leak.splits[1] for leak in inspection.leaks)
    rows = [
        ("layout", f"{layout.title} (--format {inspection.format})"),
        ("splits", ", ".join(f"{split} {len(pairs):,}" for split, pairs in layout.splits.items())),
        ("pairs", f"{len(inspection.looks):,}; {len(layout.without_mask):,} images without a mask, "
                  f"{len(layout.without_image):,} masks without an image"),
        ("sizes", ", ".join(sizes) + more),
        ("masks", ", ".join(f"{kind} {count:,}" for kind, count in inspection.mask_kinds.items())),
        ("ignored label", str(inspection.classes.ignore_index)),
        ("leaks", f"{between:,} images of one split are in another, equal or nearly so; "
                  f"{len(inspection.leaks) - between:,} come twice in their own"),
    ]  # fmt: skip
    for (one, other), count in inspection.shared.items():
        rows.append(("listed twice", f"{count:,} images in {one} and in {other}"))
    return rows


def unknown_lines(inspection: Inspection) -> list[str]:
    """The values without a class, a line each."""
    return [f"{value}: {pixels:,} pixels in {masks:,} masks" for value, (pixels, masks) in inspection.unknown.items()]


def leak_line(leak: Leak) -> str:
    return f"{leak.kind}: {leak.first} and {leak.second} ({' and '.join(dict.fromkeys(leak.splits))})"
