"""The emulator's services as one WSGI application."""

import functools
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException

Respond = Callable[[Request, str, dict[str, str]], tuple[int, dict[str, Any], str | bytes]]


class _Request(Request):  # type: ignore[misc]
    from_wsgi_server = True


class Emulator(DomainDispatcherApplication):  # type: ignore[misc]
    """Hands a call to the service that it is for.

    Most services answer all their calls at the root path. These calls are handed over without
    Flask, whose contexts, routes and hooks take as long as many a call itself.
    """

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._at_root: dict[Flask, Respond | None] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        service = self.get_application(environ)
        respond = self._respond_of(service) if _is_at_root(environ) else None
        if respond is None:
            answer: Iterable[bytes] = service(environ, start_response)
            return answer
        request = _Request(environ)
        try:
            status, headers, body = respond(request, request.raw_url, dict(request.headers))
        except HTTPException as error:
            return error(environ, start_response)
        content = body.encode() if isinstance(body, str) else body
        sent = {name.lower(): (name, str(value)) for name, value in headers.items()}
        sent["content-length"] = ("Content-Length", str(len(content)))
        start_response(f"{status} {HTTPStatus(status).phrase}", list(sent.values()))
        return [content]

    @functools.lru_cache(maxsize=256)  # noqa: B019 - there is one, as long as the cloud lives
    def get_backend_for_host(self, host: str | None) -> Any:
        """The service behind a host name; finding it anew is half of the cost of a call."""
        return super().get_backend_for_host(host)

    def rebuild(self, service: str) -> None:
        """Take the routes of a service anew, because what is behind them has changed."""
        self.app_instances.pop(service, None)
        self._at_root.clear()

    def _respond_of(self, service: Flask) -> Respond | None:
        """What answers at the root path of a service, if it is one view."""
        if service not in self._at_root:
            self._at_root[service] = _view_at_root(service)
        return self._at_root[service]


def _is_at_root(environ: dict[str, Any]) -> bool:
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ["PATH_INFO"] == "/"
        and not environ["QUERY_STRING"]
        and bool(environ.get("CONTENT_TYPE", "").startswith("application/x-"))
    )


def _view_at_root(service: Flask) -> Respond | None:
    views = {rule.endpoint for rule in service.url_map.iter_rules() if rule.rule == "/"}
    if len(views) != 1:
        return None
    view: Any = service.view_functions[views.pop()]
    respond: Respond = view.callback
    return respond
