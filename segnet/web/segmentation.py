"""``/api/segment``, ``/api/mask`` and ``/api/overlay``: an image in, its classes out."""

import time
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from segnet.datasets.image_files import Pixels
from segnet.inference import network_size
from segnet.inference.backends import BACKENDS
from segnet.inference.overlay import Overlay, class_shares
from segnet.inference.predictor import Predictor
from segnet.web.images import data_url, decode, enlarged, fitted, png
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.problems import documented
from segnet.web.worker import Worker

Size = Literal["trained", "half", "double", "own"]
FACTORS = {"half": 0.5, "double": 2.0}


class Settings(NamedTuple):
    """The settings of a segmentation."""

    model: str | None
    size: Size
    samples: int
    backend: str


def settings(
    model: Annotated[str | None, Form(description="name of a model in /api/models; the first if left out")] = None,
    size: Annotated[
        Size,
        Form(
            description="pixels that the network sees: as many as it was trained on, half or double as many along each "
            "side, or the image's own. The image keeps its proportions, and the mask has the image's size."
        ),
    ] = "trained",
    samples: Annotated[int, Form(ge=1, le=50, description="passes with dropout on, for Bayesian networks")] = 1,
    backend: Annotated[str, Form(description="runtime, one of /api/models' backends")] = BACKENDS[0],
) -> Settings:
    return Settings(model, size, samples, backend)


GivenSettings = Annotated[Settings, Depends(settings)]
GivenImage = Annotated[UploadFile, File(description="a JPEG, PNG, WebP or BMP file")]


class ClassShare(BaseModel):
    """A class and its share of the image's pixels."""

    name: str
    color: tuple[int, int, int]
    share: float = Field(ge=0, le=1)


class Segmentation(BaseModel):
    """The classes of an image. Maps are PNG files as data URLs, with a byte for each pixel."""

    model: str
    height: int = Field(description="rows of the maps, the image's own unless that is very large")
    width: int
    classes: list[ClassShare]
    mask: str = Field(description="each pixel's number in `classes`")
    probability: str = Field(description="of the class in `mask`, 0 to 255 for 0 to 1")
    uncertainty: str | None = Field(
        description="standard deviation of the samples, 0 to 255 for 0 to 0.5, the most there is; null for one"
    )
    mean_uncertainty: float | None
    network_size: tuple[int, int] = Field(description="(height, width) at which the network saw the image")
    seconds: float = Field(description="through the network")
    total_seconds: float = Field(description="with decoding and encoding, without waiting")
    runtime: str


class Found(NamedTuple):
    """A predictor's result for an image: mask, probability of each pixel's class, uncertainty, seconds."""

    mask: Pixels
    probability: NDArray[np.float32]
    deviation: NDArray[np.float32] | None
    seconds: float


def predictor_size(size: Size, trained: tuple[int, int]) -> network_size.Size:
    """The wanted size in the predictor's terms."""
    if size == "trained":
        return "trained"
    return "native" if size == "own" else round(FACTORS[size] ** 2 * trained[0] * trained[1])


def find(predictor: Predictor, image: Pixels) -> Found:
    before = time.perf_counter()
    deviation = None
    if predictor.samples > 1:
        (probabilities,), (variance,) = predictor.uncertainty([image])
        deviation = np.sqrt(variance)
    else:
        probabilities = predictor.probabilities([image])[0]
    mask = np.asarray(probabilities.argmax(0), np.uint8)
    return Found(mask, probabilities.max(0), deviation, time.perf_counter() - before)


def as_byte(values: NDArray[np.float32], top: float = 1.0) -> Pixels:
    """0 to ``top`` as 0 to 255."""
    return np.asarray((values * (255 / top)).round().clip(0, 255), np.uint8)


class Segmenter:
    """Segments uploaded images in the worker's thread."""

    def __init__(self, models: Models, worker: Worker, limits: Limits) -> None:
        self.models, self.worker, self.limits = models, worker, limits

    def look(self, data: bytes, given: Settings) -> tuple[Pixels, Pixels, Predictor]:
        """The image, the same at working size, and the predictor for it."""
        image = decode(data, self.limits)
        small = fitted(image, self.limits.working_side)
        size = predictor_size(given.size, self.models.network(given.model).info.size)
        return image, small, self.models.predictor(given.model, given.backend, given.samples, size)

    def everything(self, data: bytes, given: Settings) -> Segmentation:
        before = time.perf_counter()
        _, image, predictor = self.look(data, given)
        found = find(predictor, image)
        classes = predictor.classes
        shares = class_shares(found.mask, len(classes))
        deviation = found.deviation
        return Segmentation(
            model=given.model or next(iter(self.models.networks)),
            height=image.shape[0],
            width=image.shape[1],
            classes=[
                ClassShare(name=name, color=color, share=share)
                for name, color, share in zip(classes.names, classes.colors, shares, strict=True)
            ],
            mask=data_url(png(found.mask)),
            probability=data_url(png(as_byte(found.probability))),
            uncertainty=None if deviation is None else data_url(png(as_byte(deviation, 0.5))),
            mean_uncertainty=None if deviation is None else float(deviation.mean()),
            network_size=predictor.network_size(*image.shape[:2]),
            seconds=found.seconds,
            total_seconds=time.perf_counter() - before,
            runtime=predictor.description,
        )

    def mask(self, data: bytes, given: Settings) -> bytes:
        """PNG of class indices at the image's own size, in the classes' colours."""
        image, small, predictor = self.look(data, given)
        mask = enlarged(predictor.classes_of([small])[0], *image.shape[:2])
        return png(mask, predictor.classes.palette)

    def overlay(self, data: bytes, given: Settings, opacity: float, contours: bool) -> bytes:
        """PNG of the image under the classes' colours."""
        image, small, predictor = self.look(data, given)
        mask = enlarged(predictor.classes_of([small])[0], *image.shape[:2])
        return png(Overlay(predictor.classes, opacity, contours).draw(image, mask))


PNG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
PROBLEMS = documented(400, 404, 413, 422, 503, 504)


def segmentation_router(segmenter: Segmenter) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["images"])
    run = segmenter.worker.run

    @router.post("/segment", responses=PROBLEMS, summary="Classes, probabilities and shares as JSON")
    async def segment(image: GivenImage, given: GivenSettings) -> Segmentation:
        data = await image.read()
        return await run(lambda: segmenter.everything(data, given))

    @router.post("/mask", responses={**PROBLEMS, **PNG_ANSWER}, response_class=Response, summary="Index mask as PNG")
    async def mask(image: GivenImage, given: GivenSettings) -> Response:
        data = await image.read()
        return Response(await run(lambda: segmenter.mask(data, given)), media_type="image/png")

    @router.post("/overlay", responses={**PROBLEMS, **PNG_ANSWER}, response_class=Response, summary="Overlay as PNG")
    async def overlay(
        image: GivenImage,
        given: GivenSettings,
        opacity: Annotated[float, Form(ge=0, le=1, description="of the colours")] = 0.5,
        contours: Annotated[bool, Form(description="draw lines between the classes")] = False,
    ) -> Response:
        data = await image.read()
        file = await run(lambda: segmenter.overlay(data, given, opacity, contours))
        return Response(file, media_type="image/png")

    return router
