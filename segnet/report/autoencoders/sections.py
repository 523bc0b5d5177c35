"""The sections of an autoencoder's report: each function measures one aspect."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segnet.config import CorruptionConfig
from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.reconstructions import (
    PCA,
    Floats,
    apply,
    as_floats,
    compare_with_pca,
    encode,
    has_vector_latent,
    reconstruct,
)
from segnet.inference.autoencoders.representation import classify, map_of_latents
from segnet.report.autoencoders.compression_section import compression_section
from segnet.report.autoencoders.images import (
    image_grid,
    image_rows,
    latent_numbers,
    scatter,
)
from segnet.report.autoencoders.restoration_section import restoration_section
from segnet.report.autoencoders.section import QUALITY_HEAD, SHOWN, Section, best_cells, quality_table

if TYPE_CHECKING:
    pass


def reconstruction_section(network: nn.Module, train: Images, val: Images) -> Section:
    """Images and their reconstructions, beside PCA with a latent of the same size."""
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
    """The numbers of the latent, and a map of the images made from them."""
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
    """Samples from the prior, paths between images, and a walk over two numbers of the latent."""
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
    # At the quantiles of the prior, each image stands for the same share of it.
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
    """The weights of the first layer of a stacked network."""
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
    """All sections for an autoencoder with this latent and these settings."""
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
