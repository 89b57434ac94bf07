"""What an HTTP request to the local cloud is in terms of AWS: service, action, region, caller."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, unquote

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_FUNCTION_PATH = re.compile(r"^/2015-03-31/functions/(?P<name>[^/]+)/invocations$")
_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/(?P<action>[^/]+)$")
_OBJECT_ACTIONS = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
}
_BUCKET_ACTIONS = {"HEAD": "HeadBucket"}


@dataclass(frozen=True)
class Call:
    """One call of an AWS API."""

    at: datetime
    service: str
    action: str
    region: str
    access_key: str
    function: str | None
    """The function that called; `None` for calls from outside."""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """As the protocol sent them: query parameters are flat (`Tags.Tag.1.Key`)."""


def access_key_of(authorization: str) -> str:
    """The access key that signed a request; empty when nobody did."""
    match = _CREDENTIAL.search(authorization)
    return match["key"] if match else ""


class Calls:
    """The calls that the cloud was asked to make, in order of arrival."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Remember `call`."""
        with self._lock:
            self._calls.append(call)

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def of(self, pattern: str, *, function: str = "*") -> tuple[Call, ...]:
        """The calls that match, with the patterns that `Faults.on` takes."""
        return tuple(
            call
            for call in self
            if fnmatchcase(f"{call.service}:{call.action}", pattern)
            and fnmatchcase(call.function or "", function)
        )

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()


@dataclass(frozen=True)
class Request:
    """The parts of an HTTP request that identify the call."""

    method: str
    path: str
    authorization: str
    target: str
    content_type: str
    body: bytes

    @property
    def credential(self) -> tuple[str, str, str]:
        """Access key, region and signing name; empty where the request is not signed."""
        match = _CREDENTIAL.search(self.authorization)
        return (match["key"], match["region"], match["service"]) if match else ("", "", "")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the request asks for, for protocols that carry it in the body."""
        if self.content_type.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        if self.content_type.startswith("application/x-amz-json"):
            parameters = json.loads(self.body or b"{}")
            return parameters if isinstance(parameters, dict) else {}
        if match := _FUNCTION_PATH.match(self.path):
            return {"FunctionName": unquote(match["name"])}
        if self.credential[2] == "s3":
            return {"Bucket": self.path.split("/")[1]}
        return {}

    def action(self, service: str, parameters: Mapping[str, Any]) -> str:
        """The action as the API reference names it; of REST calls not known here, the path."""
        if self.target:
            return self.target.rsplit(".", 1)[-1]
        if "Action" in parameters:
            return str(parameters["Action"])
        if match := _CBOR_PATH.match(self.path):
            return match["action"]
        if _FUNCTION_PATH.match(self.path):
            return "Invoke"
        if service == "s3":
            known = _OBJECT_ACTIONS if self.path.count("/") > 1 else _BUCKET_ACTIONS
            return known.get(self.method, f"{self.method} {self.path}")
        return f"{self.method} {self.path}"
