"""Image quality: PSNR and SSIM."""

import torch
from torch import Tensor
from torch.nn import functional as F


def psnr(image: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, in dB; infinite for equal images.

    Args:
        image: (N, C, H, W) float in 0–1.
        reference: the same shape.

    Returns:
        (N,) float.
    """
    return -10 * (image - reference).square().flatten(1).mean(1).log10()


def ssim(image: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity of each image (Wang et al., IEEE TIP 2004), 1 for equal images.

    As in the paper: a Gaussian window of 11×11 with a standard deviation of 1.5, constants 0.01 and 0.03, the mean over
    all windows that lie within the image, and over channels.

    Args:
        image: (N, C, H, W) float in 0–1, H and W at least 11.
        reference: the same shape.

    Returns:
        (N,) float.
    """
    channels = image.shape[1]
    offsets = torch.arange(11, dtype=image.dtype, device=image.device) - 5
    line = torch.softmax(-offsets.square() / (2 * 1.5**2), 0)
    window = (line[:, None] * line).expand(channels, 1, 11, 11)

    def mean(x: Tensor) -> Tensor:
        return F.conv2d(x, window, groups=channels)

    mean_x, mean_y = mean(image), mean(reference)
    variance_x = mean(image * image) - mean_x**2
    variance_y = mean(reference * reference) - mean_y**2
    covariance = mean(image * reference) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    )
    return similarity.flatten(1).mean(1)
