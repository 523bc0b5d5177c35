"""Checks for every request before its content is used: its sender, its size, and its duration."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segnet.web.limits import Limits
from segnet.web.problems import BusyError, RefusedError, answer

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
CLIPS = "/api/clips"
ROOM_FOR_FORM = 64_000
"""Bytes of a request around its file: boundaries, names, settings."""


class Guard:
    """ASGI middleware. A refused request never reaches the application.

    Args:
        app: the application.
        limits: sizes and times.
        is_known_host: whether a Host header, without its port, names this server. With any other name, a foreign page
            has made its own name resolve to this machine (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, limits: Limits, is_known_host: Callable[[str], bool]) -> None:
        self.app, self.limits, self.is_known_host = app, limits, is_known_host
        self.uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self.guarded(scope, receive, send)

    async def guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusals: list[RefusedError] = []
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        async def send_unless_refused(message: Message) -> None:
            # The framework takes a truncated body for a malformed one, which is not the reason.
            if started or not refusals:
                await send_with_headers(message)

        try:
            with self.place(scope):
                await self.app(scope, self.bounded(scope, receive, refusals), send_unless_refused)
        except RefusedError as error:
            refusals.append(error)
        if refusals and not started:
            response = answer(refusals[0].status, str(refusals[0]))
            # The unread rest of the request must not be taken for the next one.
            response.headers["Connection"] = "close"
            await response(scope, receive, send_with_headers)

    @contextmanager
    def place(self, scope: Scope) -> Iterator[None]:
        """Admit a request of a known sender.

        Only a few uploads of clips are admitted at a time, since they fill the disk.
        """
        self.check_sender(scope)
        is_upload = scope["path"] == CLIPS and scope["method"] == "POST"
        if is_upload and self.uploads > self.limits.waiting_clips:
            raise BusyError(f"{self.uploads} clips are being uploaded")
        self.uploads += is_upload
        try:
            yield
        finally:
            self.uploads -= is_upload

    def check_sender(self, scope: Scope) -> None:
        """Refuse unknown host names, and requests from pages of other sites."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.is_known_host(host_name(host)):
            raise RefusedError(403, "this server does not answer to that name; use the address that it printed")
        origin = headers.get("origin")
        is_foreign = origin is not None and origin.partition("://")[2] != host
        # A link on another site may lead to the page, but to nothing else.
        if is_foreign or (headers.get("sec-fetch-site") == "cross-site" and scope["path"] != "/"):
            raise RefusedError(403, "requests from other sites are not answered")

    def bounded(self, scope: Scope, receive: Receive, refusals: list[RefusedError]) -> Receive:
        """A ``receive`` that stops at the limits, whatever the headers say, and notes the reason in ``refusals``."""
        is_clip = scope["path"] == CLIPS
        limit = (self.limits.clip_bytes if is_clip else self.limits.image_bytes) + ROOM_FOR_FORM
        seconds = self.limits.upload_clip_seconds if is_clip else self.limits.upload_seconds
        too_large = RefusedError(413, f"too large: at most {limit // 1_000_000} MB are accepted")
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            raise too_large
        received, is_whole = 0, False
        deadline = asyncio.get_running_loop().time() + seconds

        async def receive_bounded() -> Message:
            nonlocal received, is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                refusals.append(RefusedError(408, f"the request did not arrive within {seconds:g} s"))
                raise refusals[0] from None
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > limit:
                refusals.append(too_large)
                raise too_large
            return message

        return receive_bounded


def host_name(host: str) -> str:
    """The name in a Host header: ``localhost:8765`` is ``localhost``, ``[::1]:8765`` is ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def known_hosts(host: str) -> Callable[[str], bool]:
    """The names of a server that listens at ``host``.

    On the loopback there are three. On a network a machine has addresses that cannot be listed. A foreign page cannot
    choose an address as its name, so every address is accepted.
    """
    names = {"localhost", "127.0.0.1", "::1", host.lower()}
    if not is_loopback(host):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def is_known(name: str) -> bool:
        return name in names or (not is_loopback(host) and is_address(name))

    return is_known


def is_loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
