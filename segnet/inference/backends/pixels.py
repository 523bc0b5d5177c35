"""Pictures as an exported graph takes them."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from segnet.errors import UserError
from segnet.inference.deploy.model import DeployedModel, Model


def as_pixels(images: Tensor, model: Model) -> NDArray[np.uint8]:
    """uint8 ``(N, 3, H, W)`` to ``(N, H, W, 3)``; nothing is copied where that is how the pictures lie.

    Raises:
        UserError: the model is a file for another size.
    """
    height, width = images.shape[-2:]
    if isinstance(model, DeployedModel) and not model.metadata.any_size and (height, width) != model.size:
        own = "x".join(map(str, model.size))
        raise UserError(f"{model.path}: takes pictures of {own}, this one is {height}x{width}; add --size {own}")
    return np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())


def file_precision(model: DeployedModel, wanted: str) -> str:
    """The precision of a file, which is set when it is exported.

    Raises:
        UserError: another one is wanted.
    """
    own = model.metadata.precision
    if wanted not in ("auto", own):
        raise UserError(f"{model.path}: was exported in {own}; leave --precision out, or export it in {wanted}")
    return own


def size_error(runtime: str, shape: tuple[int, ...]) -> UserError:
    """That a runtime cannot take pictures ``(N, H, W, 3)``: some have no window that is larger than what it pools."""
    return UserError(f"{runtime} cannot run this network on pictures of {shape[1]}x{shape[2]}; set a larger --size")
