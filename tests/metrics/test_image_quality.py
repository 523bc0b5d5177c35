"""PSNR by hand, SSIM against torchmetrics."""

import math

import pytest
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from segnet.metrics.image_quality import psnr, ssim


def test_psnr_of_a_known_error() -> None:
    reference = torch.full((2, 1, 8, 8), 0.5)
    image = reference.clone()
    image[1] += 0.1
    values = psnr(image, reference)
    assert math.isinf(values[0])
    assert float(values[1]) == pytest.approx(20.0, abs=1e-4)


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (2, 3, 40, 33), (3, 1, 11, 11)])
def test_measures_are_those_of_torchmetrics(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(shape, generator=generator)
    image = (reference + 0.2 * torch.randn(shape, generator=generator)).clamp(0, 1)
    assert (psnr(image, reference) > 0).all()
    for index in range(shape[0]):
        one, true = image[index : index + 1], reference[index : index + 1]
        theirs = peak_signal_noise_ratio(one, true, data_range=1.0)
        torch.testing.assert_close(psnr(one, true)[0], theirs)
    full = structural_similarity_index_measure(image, reference, data_range=1.0, return_full_image=True)[1]
    # Theirs also has windows over edges that are filled up by reflection; the paper's lie within the image.
    within = full[..., 5:-5, 5:-5].flatten(1).mean(1)
    torch.testing.assert_close(ssim(image, reference), within, atol=1e-5, rtol=1e-5)


def test_equal_images_are_wholly_similar() -> None:
    image = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(ssim(image, image), torch.ones(2))
