"""The section on compression: the quantised latent against PCA, JPEG and WebP."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.compression import RatePoint, rate_distortion
from segnet.inference.autoencoders.reconstructions import PCA, encode
from segnet.report.autoencoders.images import rate_distortion_plot
from segnet.report.autoencoders.section import Section


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
    """The quality from which on a file format is the better choice."""
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
