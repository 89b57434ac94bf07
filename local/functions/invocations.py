"""Lambda's `Invoke` over HTTP, by functions and by clients outside the cloud."""

from typing import Any, Self

from moto.awslambda_simple.models import LambdaSimpleBackend

from local.calls import access_key_of
from local.clock import Clock, participant
from local.functions.asynchronous import AsynchronousInvocations
from local.functions.functions import Functions
from local.functions.registry import Registry
from local.patches import Patches


class Invocations:
    """Puts the functions where the emulator would echo its input."""

    def __init__(
        self,
        clock: Clock,
        functions: Functions,
        registry: Registry,
        asynchronous: AsynchronousInvocations,
    ) -> None:
        self._clock = clock
        self._functions = functions
        self._registry = registry
        self._asynchronous = asynchronous
        self._patches = Patches()

    def __enter__(self) -> Self:
        """Take over the emulator's `Invoke`."""
        answer = self._answer

        def invoke(
            backend: Any,
            function_name: str,
            _qualifier: str | None,
            body: str | bytes | None,
            headers: Any,
            response_headers: dict[str, str],
        ) -> bytes:
            payload = body.encode() if isinstance(body, str) else body or b"{}"
            return answer(backend.region_name, function_name, payload, headers, response_headers)

        self._patches.replace(LambdaSimpleBackend, "invoke", invoke)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.undo()

    def _answer(
        self, region: str, name: str, payload: bytes, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        match headers.get("X-Amz-Invocation-Type", "RequestResponse"):
            case "DryRun":
                return b""
            case "Event":
                self._asynchronous.accept(name, region, payload)
                return b""
        if self._registry.function_of(access_key_of(headers.get("Authorization", ""))):
            # The calling function holds the clock, and its caller pays for the time.
            result = self._functions.invoke(name, region, payload, sleeper=None)
        else:
            with participant(self._clock) as caller:
                result = self._functions.invoke(name, region, payload, sleeper=caller)
        if result.function_error:
            response_headers["x-amz-function-error"] = result.function_error
        return result.payload
