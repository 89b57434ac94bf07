"""The door of the local cloud: every HTTP call is identified, recorded, and may go wrong here."""

import contextlib
import io
import json
import socket
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from xml.sax.saxutils import escape

from botocore.exceptions import ClientError

from local.api.faults import (
    AnswerError,
    Effect,
    Faults,
    KillWorker,
    LoseConnection,
    Precede,
    Refuse,
    ServerError,
    Throttle,
    TimeOut,
)
from local.api.rates import Rates
from local.calls import Call, Calls, Request
from local.clock import Clock
from local.iam.judge import Judge, serves
from local.iam.required_permissions import RequiredPermission

StartResponse = Callable[..., Any]
Environ = dict[str, Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_READ_BODIES = ("application/x-www-form-urlencoded", "application/x-amz-json")


class Workers(Protocol):
    """Who knows which worker process owns an access key."""

    def function_of(self, access_key: str) -> str | None:
        """The name of the function that was given `access_key`."""

    def kill_owner_of(self, access_key: str) -> None:
        """Kill the worker process that was given `access_key`."""

    def time_out_owner_of(self, access_key: str) -> None:
        """Let the time-out of the function that was given `access_key` strike now."""


class Gate:
    """A WSGI layer in front of the emulator."""

    def __init__(
        self, clock: Clock, application: Application, workers: Workers, judge: Judge
    ) -> None:
        self.calls = Calls()
        self.faults = Faults()
        self.rates = Rates()
        self._judge = judge
        self._clock = clock
        self._application = application
        self._workers = workers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        call = self._identify(environ)
        match self._admit(call):
            case None:
                return self._application(environ, start_response)
            case AnswerError() | Throttle() | ServerError() | Refuse() as effect:
                return _answer(environ, effect.answer_of(call), start_response)
            case KillWorker(when="before"):
                self._workers.kill_owner_of(call.access_key)
            case KillWorker():
                self._take_effect(environ)
                self._workers.kill_owner_of(call.access_key)
            case TimeOut():
                self._take_effect(environ)
                self._workers.time_out_owner_of(call.access_key)
            case LoseConnection():
                self._take_effect(environ)
            case Precede(act):
                act(call)
                return self._application(environ, start_response)
        raise _close_connection(environ)

    def invocation(self, function_name: str, region: str, *, role_arn: str = "") -> None:
        """Record that the state machine, a rule or a queue invokes a function, without HTTP.

        Raises `ClientError` when a fault says that the invocation fails, or the role in which it
        is made does not allow it.
        """
        call = Call(
            at=self._clock.now(),
            service="lambda",
            action="Invoke",
            region=region,
            access_key="",
            function=None,
            parameters={"FunctionName": function_name},
        )
        effect = self._admit(call)
        if effect is None and role_arn:
            invoking = RequiredPermission("lambda:InvokeFunction", function_name)
            effect = None if serves(role_arn, invoking) else Refuse(f"No {invoking} in {role_arn}")
        match effect:
            case None:
                return
            case AnswerError() | Throttle() | ServerError() | Refuse() as effect:
                raise client_error(effect.answer_of(call))
            case Precede(act):
                act(call)
            case LoseConnection() | KillWorker() | TimeOut() as effect:
                raise ValueError(f"{effect} makes no sense for an invocation by AWS itself")

    def reset(self) -> None:
        """Forget all calls, faults and limits."""
        self.calls.clear()
        self.faults.clear()
        self.rates.clear()
        self._judge.reset()

    def _admit(self, call: Call) -> Effect | None:
        """What shall go wrong with a call; `None` lets it pass."""
        self.calls.add(call)
        if fault := self.faults.next_for(call):
            return fault.do
        if not self.rates.admits(call):
            return Throttle()
        why = self._judge.refusal(call)
        return Refuse(why) if why else None

    def _identify(self, environ: Environ) -> Call:
        request = _request(environ)
        access_key, region, service = request.credential
        parameters = request.parameters
        return Call(
            at=self._clock.now(),
            service=service,
            action=request.action(service, parameters),
            region=region,
            access_key=access_key,
            function=self._workers.function_of(access_key),
            parameters=parameters,
        )

    def _take_effect(self, environ: Environ) -> None:
        def ignore_response(*_: object) -> None:
            """Nobody will see the answer."""

        for _ in self._application(environ, ignore_response):
            pass


def _request(environ: Environ) -> Request:
    """Read what identifies the call, and leave the body readable for the emulator."""
    content_type = environ.get("CONTENT_TYPE", "")
    body = b""
    if content_type.startswith(_READ_BODIES):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        target=environ.get("HTTP_X_AMZ_TARGET", ""),
        content_type=content_type,
        body=body,
    )


def _close_connection(environ: Environ) -> ConnectionAbortedError:
    """Cut the connection; the server takes the exception as a client that went away."""
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("closed on request of a fault")


def _answer(environ: Environ, error: AnswerError, start_response: StartResponse) -> list[bytes]:
    """Write `error` as the protocol of the call does."""
    content_type = environ.get("CONTENT_TYPE", "")
    headers = [("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000")]
    if content_type.startswith("application/x-www-form-urlencoded"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        headers.append(("Content-Type", "text/xml"))
    elif "/s3/" in environ.get("HTTP_AUTHORIZATION", ""):
        body = (
            f"<Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error>"
        )
        headers.append(("Content-Type", "application/xml"))
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        headers += [("Content-Type", content_type or "application/json")]
        headers += [("x-amzn-ErrorType", error.code)]
    encoded = body.encode()
    headers.append(("Content-Length", str(len(encoded))))
    start_response(f"{error.http_status} Fault", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [encoded]


def client_error(error: AnswerError) -> ClientError:
    """What a caller of `Invoke` would raise for `error`."""
    return ClientError(
        {
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {
                "RequestId": "00000000-0000-4000-8000-000000000000",
                "HTTPStatusCode": error.http_status,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
                "HostId": "",
            },
        },
        "Invoke",
    )
