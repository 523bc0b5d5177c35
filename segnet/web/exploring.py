"""``/api/stages``: the activations of a SegNet's stages, with and without the pooling indices."""

import cv2
import numpy as np
import torch
from fastapi import APIRouter
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from torch import Tensor

from segnet.datasets.image_files import Pixels
from segnet.inference.model import model_classes
from segnet.inference.network_size import network_size
from segnet.inference.stage_maps import stage_maps
from segnet.inference.stages import Stage, see_stages
from segnet.web.images import data_url, decode, fitted, png
from segnet.web.problems import documented
from segnet.web.segmentation import GivenImage, GivenSettings, Segmenter, Settings, predictor_size

STAGES_SIDE = 640
"""The most pixels of the longer side, since all maps of all stages go to the page at once."""
CODE_COLORS = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167))
"""Colours of codes 0–3: blue upper left, orange upper right, green lower left, pink lower right (Okabe and Ito)."""


class Maps(BaseModel):
    """The maps of a stage. Each PNG has ``channels`` of them below each other."""

    height: int = Field(description="rows of a map; codes have half of them, rounded up")
    width: int
    channels: list[int]
    changed: float = Field(description="mean change of what the decoder makes without indices, as a share of its mean")
    activation: str
    codes: str
    unpooled: str
    decoded: str
    unpooled_without: str = Field(description="unpooled without indices: each value at the upper left of its window")
    decoded_without: str


class StagesAnswer(BaseModel):
    """All stages of a network, from the largest to the deepest; images are PNG files as data URLs."""

    height: int
    width: int
    image: str
    mask: str
    mask_without: str
    changed: float = Field(description="share of the pixels whose class is another one without the indices")
    stages: list[Maps]


def stages_answer(segmenter: Segmenter, data: bytes, given: Settings) -> StagesAnswer:
    image = fitted(decode(data, segmenter.limits), STAGES_SIDE)
    model = segmenter.models.network(given.model)
    height, width = network_size(predictor_size(given.size, model.info.size), model.info.size, image.shape[:2])
    longer = max(height, width, STAGES_SIDE)
    size = max(1, width * STAGES_SIDE // longer), max(1, height * STAGES_SIDE // longer)
    image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    pixels = torch.from_numpy(image).permute(2, 0, 1)
    with_indices, without = see_stages(model, pixels), see_stages(model, pixels, with_indices=False)
    colors = model_classes(model.info).palette
    return StagesAnswer(
        height=image.shape[0],
        width=image.shape[1],
        image=data_url(png(image)),
        mask=data_url(png(with_indices.mask.byte().numpy(), colors)),
        mask_without=data_url(png(without.mask.byte().numpy(), colors)),
        changed=float((with_indices.mask != without.mask).float().mean()),
        stages=[maps(*pair) for pair in zip(with_indices.stages, without.stages, strict=True)],
    )


def maps(stage: Stage, without: Stage) -> Maps:
    shown = stage_maps(stage, without)
    height, width = shown.activation.shape[-2:]
    return Maps(
        height=height,
        width=width,
        channels=shown.channels.tolist(),
        changed=float(shown.change),
        activation=heat(shown.activation),
        codes=code_image(shown.codes),
        unpooled=heat(shown.unpooled),
        decoded=heat(shown.decoded),
        unpooled_without=heat(shown.unpooled_without),
        decoded_without=heat(shown.decoded_without),
    )


def heat(levels: Tensor) -> str:
    """Levels ``(K, H, W)`` uint8 below each other, black for 0 and bright for 255."""
    return data_url(png(levels.flatten(0, 1).numpy(), INFERNO))


def code_image(codes: Tensor) -> str:
    """Codes ``(K, h, w)`` below each other, each in its colour."""
    return data_url(png(codes.flatten(0, 1).numpy(), CODES))


def inferno() -> Pixels:
    """The colour map ``(256, 3)`` RGB."""
    ramp: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1])


INFERNO = inferno()
CODES = np.zeros((256, 3), np.uint8)
CODES[:4] = CODE_COLORS


def exploring_router(segmenter: Segmenter) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["stages"])

    @router.post(
        "/stages",
        responses=documented(400, 404, 413, 422, 503, 504),
        summary="What each stage of a SegNet sees, with and without the pooling indices",
    )
    async def stages(image: GivenImage, given: GivenSettings) -> StagesAnswer:
        data = await image.read()
        return await segmenter.worker.run(lambda: stages_answer(segmenter, data, given))

    return router
