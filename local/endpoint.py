"""The HTTP endpoint of the local cloud: the emulator's server behind the gate."""

import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.clock import Clock
from local.gate import Gate, Workers


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    # One connection per request: no thread waits for a client that has gone.
    protocol_version = "HTTP/1.0"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the gate keeps a record of all calls."""


class Endpoint:
    """A server on a free port of this machine, from `start` to `close`."""

    def __init__(self, clock: Clock, workers: Workers) -> None:
        self._emulator = DomainDispatcherApplication(create_backend_app)
        self.gate = Gate(clock, self._emulator, workers)
        self._server = make_server(
            "127.0.0.1", 0, self.gate, threaded=True, request_handler=_QuietHandler
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="endpoint",
            daemon=True,
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def rebuild(self, service: str) -> None:
        """Take the routes of a service anew, because what is behind them has changed."""
        self._emulator.app_instances.pop(service, None)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
