"""The section on restoration: denoising and inpainting against OpenCV's filters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from segnet.config import CorruptionConfig
from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.reconstructions import as_floats
from segnet.inference.autoencoders.restoration import Restoration, measure_restoration
from segnet.report.autoencoders.images import image_rows
from segnet.report.autoencoders.section import QUALITY_HEAD, SHOWN, Section, best_cells, quality_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def restoration_section(
    network: nn.Module, corruptions: Sequence[CorruptionConfig], train: Images, val: Images
) -> Section:
    """Every kind and strength of damage, restored by the autoencoder and by OpenCV's filters."""
    results = [
        measure_restoration(network, corruption, strength, train, val)
        for corruption in corruptions
        for strength in corruption.strengths
    ]
    return Section(
        "Restoration",
        "Every method restores the same damaged val images. A filter's strength is the best on training images with "
        "the same damage. Where there are holes, every method keeps the known pixels.",
        ("Damage", "Strength", *QUALITY_HEAD),
        [
            (result.corruption.replace("_", " "), f"{result.strength:g}", *row)
            for result in results
            for row in quality_table(result.rows)
        ],
        {
            f"{result.corruption}_{result.strength:g}": (restoration_image(result, val), restoration_caption(result))
            for result in results
        },
        {
            "restoration": [
                {"corruption": result.corruption, "strength": result.strength, **row._asdict()}
                for result in results
                for row in result.rows
            ]
        },
        [restoration_headline(results)],
        best_cells([result.rows for result in results], before=2),
    )


def restoration_headline(results: Sequence[Restoration]) -> tuple[str, str, str]:
    """Mean PSNR over all kinds and strengths of damage, and the mean of the best filter for each."""
    ours = float(np.mean([result.rows[1].psnr for result in results]))
    filters = float(np.mean([max(row.psnr for row in result.rows[2:]) for result in results]))
    return "PSNR after restoration, mean", f"{ours:.1f} dB", f"the best filter of each damage: {filters:.1f} dB"


def restoration_image(result: Restoration, val: Images) -> "Figure":
    name, images = result.best_filter
    return image_rows(
        {
            "image": as_floats(val.pixels[:SHOWN]),
            "damaged": as_floats(result.damaged.images[:SHOWN]),
            "autoencoder": result.restored[:SHOWN],
            name: images[:SHOWN],
        }
    )


def restoration_caption(result: Restoration) -> str:
    ours, best = result.rows[1], max(result.rows[2:], key=lambda row: row.psnr)
    verdict = "better" if ours.psnr > best.psnr else "worse"
    return (
        f"{result.corruption.replace('_', ' ')} {result.strength:g}: the autoencoder is "
        f"{abs(ours.psnr - best.psnr):.1f} dB {verdict} than {best.method}"
    )
