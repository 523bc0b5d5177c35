"""Close silent connections: after a while, and at once if others want to connect."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""The header of a request must arrive within this time after the connection or the last answer."""
IDLE = 64
"""Connections that may wait without a request: half of what the server accepts."""
OF_ONE_CLIENT = 48
"""Connections from one address; browsers open six."""

open_connections: dict["TimedProtocol", None] = {}
"""The connections of this process, the oldest first."""


class TimedProtocol(H11Protocol):
    """HTTP by h11 with a limit on waiting. uvicorn gives a new connection unlimited time."""

    waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        open_connections[self] = None
        self.wait()
        there = [other for other in open_connections if not other.transport.is_closing()]
        own = [other for other in there if other.address == self.address]
        idle = [other for other in there if other.is_idle]
        if len(own) > OF_ONE_CLIENT:
            # This closes the oldest that waits or, if all are busy, the new one.
            next((other for other in own if other.is_idle), self).transport.close()
        elif len(idle) > IDLE:
            idle[0].transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop_waiting()
        open_connections.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.is_idle:
            self.stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.is_idle and not self.transport.is_closing():
            self.wait()

    @property
    def address(self) -> str:
        return self.client[0] if self.client else ""

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def wait(self) -> None:
        self.stop_waiting()
        self.waiting = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def stop_waiting(self) -> None:
        if self.waiting:
            self.waiting.cancel()
            self.waiting = None
