"""Errors as an HTTP status and a sentence that the page shows and a program can log."""

import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from segnet.errors import NO_ROOM, UserError, is_out_of_memory
from segnet.inference.memory import FullMemoryError
from segnet.inference.video.writer import NotWrittenError


class Problem(BaseModel):
    """The reason why there is no result, in one sentence."""

    error: str


class RefusedError(Exception):
    """A request that is answered with ``status`` and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class BusyError(RefusedError):
    """The queue is full."""

    def __init__(self, what: str) -> None:
        super().__init__(503, f"busy: {what}; try again in a moment")


def refusal_of(error: Exception) -> RefusedError | None:
    """What a client is told when this machine's memory or disk is full; None for other errors."""
    if isinstance(error, FullMemoryError) or is_out_of_memory(error):
        return RefusedError(503, "memory is full; choose a smaller size, or try again in a moment")
    if isinstance(error, NotWrittenError) or (isinstance(error, OSError) and error.errno in NO_ROOM):
        return RefusedError(507, "the disk of this server is full; try again later")
    return None


MEANINGS = {
    400: "The file or a setting cannot be used",
    403: "The request comes from another site",
    404: "There is no such model, image or clip",
    408: "The request did not arrive in time",
    409: "The clip is not finished",
    413: "The file is larger than the limits",
    422: "A setting is missing or of the wrong type",
    503: "Busy: as many requests as may wait are waiting",
    504: "It took longer than the time limit",
    507: "The server's disk is full",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the answers with these statuses."""
    return {status: {"model": Problem, "description": MEANINGS[status]} for status in statuses}


LONGEST = 500
"""The most letters of a sentence, so that a problem with each of 50,000 numbers is not repeated."""
FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/:;,'\"]+/)+")


def without_folders(sentence: str) -> str:
    """The sentence with file names only, so that a client learns nothing of this machine's folders."""
    return FOLDERS.sub("", sentence)


def answer(status: int, sentence: str) -> JSONResponse:
    """A :class:`Problem` as a response."""
    # File names may hold bytes that are not text, which JSON does not allow.
    sentence = sentence.encode(errors="backslashreplace").decode()
    sentence = sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST]}…"
    return JSONResponse({"error": sentence}, status, {"Retry-After": "1"} if status == 503 else {})


def add_handlers(app: FastAPI) -> None:
    """Turn the errors of this project and of the framework into sentences of one form."""

    @app.exception_handler(RefusedError)
    def refused(_: Request, error: RefusedError) -> JSONResponse:
        return answer(error.status, str(error))

    @app.exception_handler(UserError)
    def user_error(_: Request, error: UserError) -> JSONResponse:
        return answer(400, without_folders(str(error)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return answer(422, "; ".join(f"{detail['loc'][-1]}: {detail['msg']}" for detail in error.errors()[:3]))

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> JSONResponse:
        response = answer(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def unexpected(_: Request, _error: Exception) -> JSONResponse:
        # The traceback is for the terminal, so that a client learns nothing of this machine's paths.
        return answer(500, "something went wrong here; the server's terminal says what")
