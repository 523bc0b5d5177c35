"""The application: the page, the interface for programs, and the guard before both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles

from segnet.datasets.scenes import render_scene
from segnet.inference.backends import BACKENDS
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.model import model_classes
from segnet.nn.dropout import has_dropout
from segnet.nn.stages import Staged
from segnet.version import __version__
from segnet.web.clip_routes import clip_router
from segnet.web.clips import Clips
from segnet.web.exploring import exploring_router
from segnet.web.guard import Guard
from segnet.web.images import png
from segnet.web.latents import latents_router
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.problems import add_handlers, documented
from segnet.web.segmentation import PNG_ANSWER, Segmenter, segmentation_router
from segnet.web.upload_folder import upload_folder
from segnet.web.worker import Worker

PAGE = Path(__file__).parent / "page"
SAMPLES = Path(__file__).parent / "samples"
PHOTOGRAPHS = ("highway.jpg",)
SCENES = (20_002, 20_005, 20_011, 20_017)
"""Seeds of the sample scenes, on streets that are in neither split of the data set."""
SCENE_SIZE = (360, 480)
SWEEP_SECONDS = 60


class NetworkAnswer(BaseModel):
    """A network, as far as the page needs to know it."""

    name: str
    network: str
    classes: list[str]
    colors: list[tuple[int, int, int]] = Field(description="of the classes in masks")
    drawing_colors: list[tuple[int, int, int]] = Field(description="of the classes over a photograph")
    size: tuple[int, int] = Field(description="(height, width) of the images that it was trained on")
    has_dropout: bool = Field(description="whether it can be sampled for its uncertainty")
    has_stages: bool = Field(description="whether /api/stages can look inside")


class LimitsAnswer(BaseModel):
    """The largest input that the server accepts; pixels are width times height of an image or a frame."""

    image_bytes: int
    image_pixels: int
    clip_bytes: int
    clip_seconds: float
    clip_pixels: int


class ModelsAnswer(BaseModel):
    """The models of this server, and the limits of its input."""

    models: list[NetworkAnswer]
    autoencoders: list[str]
    backends: list[str]
    samples: list[str] = Field(description="addresses of sample images; the first suits the first model")
    limits: LimitsAnswer


def build_app(models: Models, limits: Limits, is_known_host: Callable[[str], bool]) -> Guard:
    """The application with all its routes, guarded.

    Args:
        models: the models that it offers.
        limits: the limits of its input.
        is_known_host: whether it answers to a name, see :class:`Guard`.
    """
    worker = Worker(limits.waiting, limits.answer_seconds)
    holder = ExitStack()
    clips = Clips(holder.enter_context(upload_folder()), limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(sweep_now_and_then(clips))
        try:
            yield
        finally:
            sweeping.cancel()
            clips.close()
            worker.close()
            holder.close()

    # FastAPI's own documentation pages load their scripts from foreign hosts.
    app = FastAPI(
        title="SegNet", version=__version__, description=DESCRIPTION, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    add_handlers(app)
    segmenter = Segmenter(models, worker, limits)
    app.include_router(offer_router(models, worker, limits))
    app.include_router(segmentation_router(segmenter))
    app.include_router(clip_router(clips, models))
    app.include_router(exploring_router(segmenter))
    app.include_router(latents_router(models, worker))
    app.mount("/page", StaticFiles(directory=PAGE))
    app.mount("/samples", StaticFiles(directory=SAMPLES))
    app.add_api_route("/", lambda: FileResponse(PAGE / "index.html"), include_in_schema=False, response_model=None)
    # The guard is around the whole application, so that its answers to errors have the headers too.
    return Guard(app, limits, is_known_host)


async def sweep_now_and_then(clips: Clips) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        clips.sweep()


def offer_router(models: Models, worker: Worker, limits: Limits) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["what there is"])

    @router.get("/models", summary="Models, runtimes and limits")
    async def offered() -> ModelsAnswer:
        return ModelsAnswer(
            models=[
                NetworkAnswer(
                    name=name,
                    network=model.info.name,
                    classes=list(model.info.class_names),
                    colors=list(model.info.class_colors),
                    drawing_colors=list(drawing_colors(model_classes(model.info))),
                    size=model.info.size,
                    has_dropout=has_dropout(model.network),
                    has_stages=isinstance(model.network, Staged),
                )
                for name, model in models.networks.items()
            ],
            autoencoders=list(models.autoencoders),
            backends=list(BACKENDS),
            samples=sample_addresses(models),
            limits=LimitsAnswer.model_validate(limits, from_attributes=True),
        )

    @router.get(
        "/scenes/{number}",
        responses={**documented(422, 503, 504), **PNG_ANSWER},
        response_class=Response,
        summary="A sample scene, drawn by this program",
    )
    async def scene(number: Annotated[int, InPath(ge=0, lt=len(SCENES))]) -> Response:
        image = await worker.run(lambda: draw_scene(SCENES[number]))
        return Response(image, media_type="image/png")

    return router


def sample_addresses(models: Models) -> list[str]:
    """Photographs before drawn scenes, unless the first model was trained on drawn ones."""
    photographs = [f"samples/{name}" for name in PHOTOGRAPHS]
    scenes = [f"api/scenes/{number}" for number in range(len(SCENES))]
    return scenes + photographs if next(iter(models.networks), None) in models.drawn else photographs + scenes


@lru_cache(maxsize=len(SCENES))
def draw_scene(seed: int) -> bytes:
    return png(render_scene(seed, SCENE_SIZE).image)


DESCRIPTION = """\
Classes of images and clips by SegNet and its family, on this machine. Nothing is sent elsewhere, and nothing is kept
but finished clips, for half an hour.

    curl -F image=@street.jpg http://127.0.0.1:8765/api/mask -o mask.png
    curl -F image=@street.jpg http://127.0.0.1:8765/api/segment

Every problem is answered with `{"error": "a sentence"}`. When the server is busy it answers 503 with `Retry-After`.
"""
