"""``/api/clips``: upload, watch, stop, fetch."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.web.clips import Clip, Clips, State
from segnet.web.models import Models
from segnet.web.problems import RefusedError, documented
from segnet.web.segmentation import GivenSettings, predictor_size


class ClipAnswer(BaseModel):
    """The state of a clip."""

    id: str
    state: State
    frames: int = Field(description="done")
    total: int = Field(description="in all, 0 where the file does not say")
    seconds: float = Field(description="worked on so far")
    error: str | None

    @classmethod
    def of(cls, clip: Clip) -> "ClipAnswer":
        return cls.model_validate(clip, from_attributes=True)


VIDEO_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
}


def clip_router(clips: Clips, models: Models) -> APIRouter:
    router = APIRouter(prefix="/api/clips", tags=["clips"])

    @router.post(
        "", status_code=202, responses=documented(400, 404, 413, 422, 503, 507), summary="Upload a clip to be segmented"
    )
    async def upload(
        video: Annotated[UploadFile, File(description="an MP4, MOV, WebM, MKV or AVI file")],
        given: GivenSettings,
        opacity: Annotated[float, Form(ge=0, le=1)] = 0.5,
        contours: Annotated[bool, Form()] = False,
    ) -> ClipAnswer:
        model = models.network(given.model)
        clips.check_room()
        clip = await run_in_threadpool(clips.receive, video.file)

        def opened() -> Predictor:
            size = predictor_size(given.size, model.info.size)
            return Predictor(model, given.backend, samples=given.samples, size=size)

        clips.start(clip, opened, lambda predictor: Overlay(predictor.classes, opacity, contours))
        return ClipAnswer.of(clip)

    @router.get("/{clip_id}", responses=documented(404, 422), summary="How far a clip is")
    async def state(clip_id: str) -> ClipAnswer:
        return ClipAnswer.of(clips.get(clip_id))

    @router.delete(
        "/{clip_id}", status_code=204, responses=documented(404, 422), summary="Stop a clip and remove its files"
    )
    async def remove(clip_id: str) -> Response:
        clips.remove(clip_id)
        return Response(status_code=204)

    @router.get(
        "/{clip_id}/video",
        responses={**documented(404, 409, 422), **VIDEO_ANSWER},
        response_class=Response,
        summary="The overlay video of a finished clip",
    )
    async def video(clip_id: str) -> Response:
        clip = clips.get(clip_id)
        if clip.state != "done":
            raise RefusedError(409, f"the clip is {clip.state}, not done")
        return FileResponse(clip.result, media_type="video/mp4")

    return router
