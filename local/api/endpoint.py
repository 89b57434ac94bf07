"""The HTTP endpoint of the local cloud: the emulator's server behind the gate."""

import contextlib
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import trustme
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from local.api.emulator import Emulator
from local.api.gate import Application, Gate, Workers
from local.clock import Clock
from local.iam.judge import Judge

_MOST_HEADERS = 100


class _Handler(MotoRequestHandler):  # type: ignore[misc]
    """Keeps a connection for the next request, which werkzeug's own handler never does.

    Making one costs a client's and a server's thread more than most calls.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece: every piece costs a switch of threads
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Read the head of a request; the usual way goes through a parser for e-mail.

        What is not plain HTTP/1.1 goes that way all the same.
        """
        words = str(self.raw_requestline, "iso-8859-1").split()
        if len(words) != 3 or words[2] != self.protocol_version or words[1].startswith("//"):
            return bool(super().parse_request())
        self.requestline = " ".join(words)
        self.command, self.path, self.request_version = words
        self.headers = http.client.HTTPMessage()
        for line in iter(self.rfile.readline, b"\r\n"):
            name, colon, value = str(line, "iso-8859-1").partition(":")
            if not colon or len(self.headers) == _MOST_HEADERS:
                self.close_connection = True
                self.send_error(HTTPStatus.BAD_REQUEST)
                return False
            self.headers[name] = value.strip()
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        expects = self.headers.get("Expect", "").lower() == "100-continue"
        return not expects or self.handle_expect_100()

    def handle_expect_100(self) -> bool:
        """Let the client send its body now, not when the answer goes out."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return bool(goes_on)

    def run_wsgi(self) -> None:
        """Answer one request; what the application raises closes the connection."""
        environ = self.make_environ()
        body = environ["wsgi.input"]
        if environ.get("wsgi.input_terminated"):
            environ["CONTENT_LENGTH"] = str(len(content := body.read()))
        else:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            content = body.read(length)
            if len(content) < length:
                self.close_connection = True  # the client has gone in the middle of it
                return
        # All of it is read, whether the application does or not: behind it is the next request.
        environ["wsgi.input"] = io.BytesIO(content)
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            begun.append((status, headers))

        answer = b"".join(self.server.app(environ, start_response))
        ((status, headers),) = begun
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        is_sized = any(name.lower() == "content-length" for name, _ in headers)
        if not is_sized and int(code) not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the gate keeps a record of all calls."""


class _Server(ThreadedWSGIServer):
    daemon_threads = False  # closing waits for the requests under way

    def __init__(self, application: Application, tls: ssl.SSLContext | None = None) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__("127.0.0.1", 0, application, handler=_Handler, ssl_context=tls)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Answer what was asked, and read no further request from anybody."""
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


class Endpoint:
    """A server on a free port of this machine, which answers for the length of a block."""

    def __init__(self, clock: Clock, workers: Workers, judge: Judge) -> None:
        self._emulator = Emulator()
        self.gate = Gate(clock, self._emulator, workers, judge)
        self._server = _Server(self.gate)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self._serving.enter_context(_serving(self._server))
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.close()

    @contextmanager
    def https(self, ca_file: Path) -> Iterator[str]:
        """Answer over HTTPS as well, for the length of a block; gives the URL.

        `ca_file` gets the certificate of the authority that signs for it.
        """
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(ca_file))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        server = _Server(self.gate, tls)
        with _serving(server):
            yield f"https://127.0.0.1:{server.port}"

    def rebuild(self, service: str) -> None:
        """Take the routes of a service anew, because what is behind them has changed."""
        self._emulator.rebuild(service)


@contextmanager
def _serving(server: _Server) -> Iterator[None]:
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="endpoint", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
