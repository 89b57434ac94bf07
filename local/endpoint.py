"""The HTTP endpoint of the local cloud: the emulator's server behind the gate."""

import functools
import threading
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from local.clock import Clock
from local.gate import Gate, Workers


class _Emulator(DomainDispatcherApplication):  # type: ignore[misc]
    @functools.lru_cache(maxsize=256)  # noqa: B019 - there is one, as long as the cloud lives
    def get_backend_for_host(self, host: str | None) -> Any:
        """The service behind a host name; finding it anew is half of the cost of a call."""
        return super().get_backend_for_host(host)


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    # One connection per request: no thread waits for a client that has gone.
    protocol_version = "HTTP/1.0"
    # An answer goes out in one piece: every piece costs both sides a switch of threads.
    wbufsize = -1

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the gate keeps a record of all calls."""


class _Server(ThreadedWSGIServer):
    daemon_threads = False  # closing waits for the requests under way


class Endpoint:
    """A server on a free port of this machine, from `start` to `close`."""

    def __init__(self, clock: Clock, workers: Workers) -> None:
        self._emulator = _Emulator(create_backend_app)
        self.gate = Gate(clock, self._emulator, workers)
        self._server = _Server("127.0.0.1", 0, self.gate, handler=_QuietHandler)
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
