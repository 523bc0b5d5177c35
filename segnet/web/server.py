"""Serve the application on an address of this machine."""

import socket
import sys
from collections.abc import Sequence

import uvicorn

from segnet.errors import UserError
from segnet.web.app import build_app
from segnet.web.connections import TimedProtocol
from segnet.web.guard import is_loopback, known_hosts
from segnet.web.limits import Limits
from segnet.web.models import Models, models_to_offer

CONNECTIONS = 128
"""Connections at once. For one more, the server itself answers 503."""


def serve(given: Sequence[str], host: str, port: int) -> int:
    """Serve until Ctrl-C, and return the exit code.

    Raises:
        UserError: a model is missing or wrong, or the address cannot be used.
    """
    models = Models(models_to_offer(given))
    listening = listen(host, port)
    app = build_app(models, Limits(), known_hosts(host))
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
    if not is_loopback(host):
        print("open to everybody who reaches this machine, without a password", file=sys.stderr)
    print(f"{', '.join([*models.networks, *models.autoencoders])}: {address} (Ctrl-C stops it)", flush=True)
    config = uvicorn.Config(
        app,
        http=TimedProtocol,
        log_level="warning",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
        server_header=False,
        # A proxy's headers could lie about the client.
        proxy_headers=False,
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Open a socket at the address, so that a port in use is known before anything is printed."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(CONNECTIONS)
    except OSError as error:
        raise UserError(f"{host}:{port}: cannot be used ({error.strerror}); choose another --host or --port") from None
    return listening
