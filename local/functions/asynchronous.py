"""Lambda's asynchronous invocations: retried by Lambda itself, then sent to a destination.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends
from moto.sqs.models import sqs_backends

from local.background import Background, Work
from local.clock import Clock
from local.functions.functions import ACCOUNT, Answer, Functions
from local.functions.sleep import NotAwakeError

_RETRY_DELAYS = (60, 120)
_LONGEST_QUEUEING = timedelta(hours=6)
_LONGEST_DELAY_SECONDS = 300


class AsynchronousInvocations:
    """Takes events for functions, and sees to it that they are dealt with."""

    def __init__(self, clock: Clock, functions: Functions, background: Background) -> None:
        self._clock = clock
        self._functions = functions
        self._background = background

    def accept(self, name: str, region: str, payload: bytes) -> None:
        """Take an event for a function and invoke it later, up to three times.

        Raises the emulator's `UnknownFunctionException` when there is no such function.
        """
        lambda_simple_backends[ACCOUNT][region].get_function(name, None)
        self._background.start(
            f"event for {name}", lambda work: self.process(work, name, region, payload)
        )

    def process(self, work: Work, name: str, region: str, payload: bytes) -> None:
        """Invoke a function for an event until it succeeds or its retries are exhausted."""
        configuration = self._configuration(name, region)
        retries = configuration.get("MaximumRetryAttempts", len(_RETRY_DELAYS))
        answer = self._invoke(work, name, region, payload)
        for delay in _RETRY_DELAYS[:retries]:
            if not answer.function_error:
                return
            work.sleep(delay)
            answer = self._invoke(work, name, region, payload)
        if answer.function_error:
            self._send_to_destination(configuration, payload, answer, attempts=retries + 1)

    def _invoke(self, work: Work, name: str, region: str, payload: bytes) -> Answer:
        """Invoke a function; while it is not ready, Lambda keeps the event and comes again."""
        expires_at, delay = self._clock.now() + _LONGEST_QUEUEING, 1.0
        while True:
            try:
                return self._functions.invoke(name, region, payload, sleeper=work)
            except NotAwakeError:
                if self._clock.now() >= expires_at:
                    raise
                work.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    def _configuration(self, name: str, region: str) -> dict[str, Any]:
        function = lambda_simple_backends[ACCOUNT][region].get_function(name, None)
        configurations = function.event_invoke_config
        response: dict[str, Any] = configurations[-1].response() if configurations else {}
        return {"FunctionArn": function.function_arn, **response}

    def _send_to_destination(
        self, configuration: dict[str, Any], payload: bytes, answer: Answer, attempts: int
    ) -> None:
        """Send what failed to the function's destination; without one, the event is lost."""
        on_failure = configuration.get("DestinationConfig", {}).get("OnFailure", {})
        destination = on_failure.get("Destination")
        if not destination:
            return
        record = {
            "version": "1.0",
            "timestamp": self._clock.now().isoformat(),
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"{configuration['FunctionArn']}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(payload),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": answer.function_error,
            },
            "responsePayload": json.loads(answer.payload),
        }
        send_to_queue(destination, json.dumps(record))


def send_to_queue(
    queue_arn: str, body: str, attributes: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Put a message into an SQS queue, on behalf of AWS."""
    _, _, service, region, account, name = queue_arn.split(":")
    if service != "sqs":
        raise NotImplementedError(f"{queue_arn}: the local cloud sends failures to SQS only")
    sqs_backends[account][region].send_message(
        name,
        body,
        message_attributes={
            key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()
        },
    )
