"""What an autoencoder's report holds: each function measures one aspect and gives a section of the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segnet.config import CorruptionConfig
from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.compression import RatePoint, rate_distortion
from segnet.inference.autoencoders.reconstructions import (
    PCA,
    Floats,
    Quality,
    apply,
    as_floats,
    compare_with_pca,
    encode,
    has_vector_latent,
    reconstruct,
)
from segnet.inference.autoencoders.representation import classify, map_of_latents
from segnet.inference.autoencoders.restoration import Restoration, measure_restoration
from segnet.report.autoencoders.images import (
    image_grid,
    image_rows,
    latent_numbers,
    rate_distortion_plot,
    scatter,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10
"""Images in a row of images."""


@dataclass
class Section:
    """A heading, a few sentences, a table and images.

    Attributes:
        title: heading.
        text: plain text.
        head: the table's head; empty: no table.
        rows: its rows, as they are shown.
        figures: by file name without suffix, with what they show.
        values: the same for ``metrics.json``; lists of records are written as CSV too.
        headlines: what the page begins with: a measure's name, its value, and the simple rival's beside it.
        bold: the best cells of ``rows``, as (row, column).
    """

    title: str
    text: str = ""
    head: Sequence[str] = ()
    rows: list[Sequence[str]] = field(default_factory=list)
    figures: dict[str, tuple["Figure", str]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    headlines: list[tuple[str, str, str]] = field(default_factory=list)
    bold: set[tuple[int, int]] = field(default_factory=set)


def quality_table(rows: Sequence[Quality]) -> list[Sequence[str]]:
    return [(row.method, f"{row.mse:.5f}", f"{row.psnr:.2f}", f"{row.ssim:.4f}") for row in rows]


def best_cells(groups: Sequence[Sequence[Quality]], before: int) -> set[tuple[int, int]]:
    """The best of each measure in each group of rows, as (row, column); ``before``: columns left of the method."""
    found, start = set(), 0
    for rows in groups:
        for column, sign in ((1, -1), (2, 1), (3, 1)):
            best = max(sign * float(row[column]) for row in rows)
            found |= {
                (start + place, before + column) for place, row in enumerate(rows) if sign * float(row[column]) == best
            }
        start += len(rows)
    return found


QUALITY_HEAD = ("Method", "Squared error", "PSNR, dB", "SSIM")


def reconstruction_section(network: nn.Module, train: Images, val: Images) -> Section:
    """Images and what comes back, beside PCA with a latent of the same size."""
    rows, pca = compare_with_pca(network, train, val)
    rows_of_images = {"image": as_floats(val.pixels[:SHOWN]), "autoencoder": reconstruct(network, val.pixels[:SHOWN])}
    text = f"{len(val)} images that were not trained on."
    if pca:
        rows_of_images[f"PCA {pca.components}"] = pca.decode(pca.encode(val.pixels[:SHOWN]))
        text += (
            " PCA with as many numbers is the least squared error that a linear autoencoder can have on the "
            "training images (Baldi and Hornik, 1989)."
        )
        ratio = rows[0].mse / rows[1].mse
        text += f" Here the autoencoder's error is {ratio:.2f} times PCA's."
    return Section(
        "Reconstructions",
        text,
        QUALITY_HEAD,
        quality_table(rows),
        {"reconstructions": (image_rows(rows_of_images), "Images above their reconstructions")},
        {"mse": rows[0].mse, "psnr": rows[0].psnr, "ssim": rows[0].ssim, "quality": [row._asdict() for row in rows]},
        [
            ("PSNR", f"{rows[0].psnr:.1f} dB", f"{rows[1].method}: {rows[1].psnr:.1f} dB" if pca else ""),
            ("SSIM", f"{rows[0].ssim:.3f}", f"{rows[1].method}: {rows[1].ssim:.3f}" if pca else ""),
        ],
        best_cells([rows], before=0),
    )


def latent_section(network: nn.Module, val: Images) -> Section:
    """The numbers of the latent, and a map of the images by them."""
    latents = encode(network, val.pixels)
    unused = int((latents.std(0) < 1e-6).sum())
    section = Section(
        "Latent",
        f"{latents.shape[1]} numbers an image, {unused} of them the same for all images.",
        figures={
            "latent": (
                latent_numbers(latents),
                "Each number of the latent: mean and deviation over the images",
            )
        },
        values={"latent_size": latents.shape[1], "unused_numbers": unused},
    )
    if val.labels is not None:
        is_flat = latents.shape[1] == 2
        how = "The latent itself" if is_flat else "t-SNE of the latents"
        section.figures["map_of_latents"] = (
            scatter(map_of_latents(latents), val.labels, val.class_names, has_scale=is_flat),
            f"{how}: a point an image; colours are classes, of which the autoencoder knows nothing",
        )
    return section


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
    """Mean PSNR over all kinds and strengths of damage, and that of each one's best filter."""
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


def compression_section(network: nn.Module, train: Images, val: Images, bits: Sequence[int]) -> Section:
    """Rate-distortion of the quantised, entropy-coded latent against PCA, JPEG and WebP."""
    pca = PCA(train.pixels, encode(network, train.pixels[:1]).shape[1])
    points = rate_distortion(network, pca, train, val, bits)
    ours = [point for point in points if point.method == "autoencoder"]
    return Section(
        "Compression",
        f"{len(val)} images in one stream (arithmetic coding) or one file (JPEG, WebP). What a decoder needs once is "
        f"not counted: {sum(weight.numel() for weight in network.parameters()):,} weights of the autoencoder, "
        f"{pca.components * int(np.prod(val.shape)):,} numbers of PCA. " + where_files_win(points, ours),
        ("Method", "Setting", "Bits per pixel", "PSNR, dB"),
        [(p.method, str(p.setting), f"{p.bits_per_pixel:.3f}", f"{p.psnr:.2f}") for p in points],
        {"rate_distortion": (rate_distortion_plot(points), "Higher and further left is better")},
        {"rate_distortion": [point._asdict() for point in points]},
    )


def where_files_win(points: Sequence[RatePoint], ours: Sequence[RatePoint]) -> str:
    """From which quality on a file format is the better choice."""
    sentences = []
    best = max(point.psnr for point in ours)
    for method in ("JPEG", "WebP"):
        beyond = [p for p in points if p.method == method and p.psnr > best]
        wins = [
            p
            for p in points
            if p.method == method and all(o.psnr < p.psnr or o.bits_per_pixel > p.bits_per_pixel for o in ours)
        ]
        if wins:
            first = min(wins, key=lambda p: p.bits_per_pixel)
            sentences.append(
                f"{method} wins from {first.bits_per_pixel:.2f} bits per pixel on ({first.psnr:.1f} dB there)"
                + (f": no setting of the latent reaches more than {best:.1f} dB." if beyond else ".")
            )
        else:
            sentences.append(f"{method} wins nowhere on these images.")
    return " ".join(sentences)


def representation_section(network: nn.Module, train: Images, val: Images) -> Section:
    """Classifiers on latents, principal components and pixels."""
    latents = encode(network, train.pixels), encode(network, val.pixels)
    results = classify(train, val, latents, PCA(train.pixels, latents[0].shape[1]))
    return Section(
        "What a classifier makes of the latent",
        "A perceptron with one hidden layer of 64 on each; mean and range over the classifier's seeds.",
        ("Features", "Numbers", "Labels", "Accuracy", "Range", "Seeds"),
        [
            (
                result.features,
                str(result.numbers),
                str(result.labels),
                f"{100 * float(np.mean(result.values)):.1f} %",
                f"{100 * min(result.values):.1f}–{100 * max(result.values):.1f} %",
                str(len(result.values)),
            )
            for result in results
        ],
        values={"representation": [result._asdict() for result in results]},
    )


def variational_section(network: nn.Module, val: Images) -> Section:
    """Samples from the prior, the way from one image to another, and a walk over two numbers of the latent."""
    size: int = network.latent_size  # type: ignore[assignment]
    draw = np.random.Generator(np.random.PCG64(0))

    def decode(latents: NDArray[Any]) -> Floats:
        return apply(network.decode, np.asarray(latents, np.float32))  # type: ignore[arg-type]

    samples = decode(draw.normal(size=(100, size)))
    steps = np.linspace(0, 1, SHOWN)[:, None]
    ends = encode(network, val.pixels[six_images(val)])
    ways = {
        f"{index + 1} to {index + 4}": decode((1 - steps) * ends[index] + steps * ends[index + 3]) for index in range(3)
    }
    # The quantiles of the prior, so that each image stands for the same share of it.
    quantiles = torch.special.ndtri(torch.linspace(0.03, 0.97, 15)).numpy()
    walk = np.zeros((15 * 15, size))
    walk[:, 0], walk[:, 1] = np.tile(quantiles, 15), np.repeat(quantiles[::-1], 15)
    return Section(
        "What the decoder knows",
        "Everything below comes from the decoder alone.",
        figures={
            "samples": (image_grid(samples, 20), "Decoded draws from the prior N(0, 1)"),
            "ways": (image_rows(ways), "From one val image's latent to another's in a straight line"),
            "grid": (
                image_grid(decode(walk), 15),
                "A walk over the first two numbers of the latent; the rest are zero",
            ),
        },
    )


def six_images(images: Images) -> NDArray[np.int64]:
    """The first six images, or the first of each of six classes."""
    if images.labels is None:
        return np.arange(6)
    return np.unique(images.labels, return_index=True)[1][:6]


def filter_section(network: nn.Module, shape: Sequence[int]) -> Section:
    """What the first layer of a stacked network looks for."""
    first: nn.Linear = network.encoders[0]  # type: ignore[index,assignment]
    weights = first.weight.detach().numpy()[:60].reshape(-1, *shape)
    scaled = 0.5 + 0.5 * weights / np.abs(weights).max((1, 2, 3), keepdims=True)
    figure = image_grid(scaled, 20)
    return Section("First layer", figures={"first_layer": (figure, "Weights of sixty units; grey is zero")})


def sections_for_reconstruction(
    network: nn.Module,
    train: Images,
    val: Images,
    corruptions: Sequence[CorruptionConfig],
    latent_bits: Sequence[int],
    classify_latents: bool,
) -> list[Section]:
    """All that can be measured of an autoencoder with this latent and these settings."""
    sections = []
    if corruptions:
        sections.append(restoration_section(network, corruptions, train, val))
    else:
        sections.append(reconstruction_section(network, train, val))
    if not has_vector_latent(network, val.shape):
        return sections
    if latent_bits:
        sections.append(compression_section(network, train, val, latent_bits))
    if classify_latents and train.labels is not None:
        sections.append(representation_section(network, train, val))
    sections.append(latent_section(network, val))
    return sections
