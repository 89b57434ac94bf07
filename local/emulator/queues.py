"""SQS as the source of Lambda's events: messages are handed to the function of their queue.

    sent ──▶ taken ──▶ function ──▶ succeeded: deleted
               ▲          │
               │          └──▶ failed: hidden until the visibility timeout is over
               └─────────────────┘  └──▶ taken `maxReceiveCount` times: dead-letter queue

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import math
from datetime import datetime, timedelta
from typing import Any, Self

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.awslambda.utils import get_backend
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from local.api.gate import Gate
from local.background import Background, Work
from local.clock import Clock
from local.functions.functions import ACCOUNT, Functions
from local.iam.judge import serves
from local.iam.required_permissions import RequiredPermission
from local.patches import Patches

_KNOWN_SETTINGS = frozenset({"EventSourceArn", "FunctionName", "BatchSize", "Enabled", "Tags"})


class Queues:
    """Lambda, polling the queues that have an event source mapping.

    It takes a message as soon as it is there, so nobody else ever sees one, and hands over one at
    a time: the batch size of a mapping is only the most that it may.
    """

    def __init__(
        self, clock: Clock, functions: Functions, gate: Gate, background: Background
    ) -> None:
        self._clock = clock
        self._functions = functions
        self._gate = gate
        self._background = background
        self._patches = Patches()
        self._visible_at: dict[str, datetime] = {}
        """When messages come again whose visibility their function has changed."""

    def __enter__(self) -> Self:
        """Take over from the emulator, which would invoke a function at once and only once."""
        add_message = Queue.add_message
        create_mapping = LambdaBackend.create_event_source_mapping
        change = SQSBackend.change_message_visibility
        take = self._take

        def add_and_take(queue: Any, message: Any) -> None:
            if mapping := _mapping_of(queue):
                _hide(message)
            add_message(queue, message)
            if mapping:
                take(mapping, queue, message)

        def change_visibility(
            backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int
        ) -> None:
            queue = backend.get_queue(queue_name)
            if not _mapping_of(queue):
                change(backend, queue_name, receipt_handle, visibility_timeout)
            else:
                self._come_again(queue, receipt_handle, int(visibility_timeout))

        def check_and_create(backend: Any, settings: dict[str, Any]) -> Any:
            if unknown := sorted(settings.keys() - _KNOWN_SETTINGS):
                raise NotImplementedError(f"Queues are mapped without {', '.join(unknown)} here")
            mapping = create_mapping(backend, settings)
            queue = _queue(mapping.event_source_arn)
            queue.lambda_event_source_mappings.clear()
            function = backend.get_function(mapping.function_arn)
            timeout = function.timeout
            if not serves(function.role, *_polling(queue.queue_arn)):
                backend.delete_event_source_mapping(mapping.uuid)
                raise InvalidParameterValueException(
                    "The provided execution role does not have permissions to call "
                    "ReceiveMessage on SQS"
                )
            if queue.visibility_timeout < timeout:
                backend.delete_event_source_mapping(mapping.uuid)
                raise InvalidParameterValueException(
                    f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than "
                    f"Function timeout: {timeout} seconds"
                )
            for message in queue.messages if mapping.enabled else ():
                _hide(message)
                take(mapping, queue, message)
            return mapping

        self._patches.replace(Queue, "add_message", add_and_take)
        self._patches.replace(SQSBackend, "change_message_visibility", change_visibility)
        self._patches.replace(LambdaBackend, "create_event_source_mapping", check_and_create)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.undo()

    def _come_again(self, queue: Any, receipt_handle: str, seconds: int) -> None:
        """Let a message that a function has in hand come again at another time."""
        for message in queue._messages:
            if message.had_receipt_handle(receipt_handle):
                self._visible_at[message.id] = self._clock.now() + timedelta(seconds=seconds)
                return
        raise ReceiptHandleIsInvalid

    def _take(self, mapping: Any, queue: Any, message: Any) -> None:
        self._background.start(
            f"message of {queue.name}", lambda work: self._process(work, mapping, queue, message)
        )

    def _process(self, work: Work, mapping: Any, queue: Any, message: Any) -> None:
        """Hand a message to the function until it succeeds, or the queue lets go of it."""
        expires_at = self._clock.now() + timedelta(seconds=queue.message_retention_period)
        while message in queue._messages:
            visible_at = self._clock.now() + timedelta(seconds=queue.visibility_timeout)
            message.mark_received()
            if self._succeeds(work, mapping, queue, message):
                _remove(queue, message)
                return
            visible_at = self._visible_at.pop(message.id, visible_at)
            work.sleep((visible_at - self._clock.now()).total_seconds())
            if _is_spent(queue, message):
                _remove(queue, message)
                message.visible_at = 0.0
                queue.dead_letter_queue.add_message(message)
            elif visible_at >= expires_at:
                _remove(queue, message)

    def _succeeds(self, work: Work, mapping: Any, queue: Any, message: Any) -> bool:
        function, region = mapping.function_arn, queue.region
        payload = json.dumps({"Records": [_record(queue, message)]}).encode()
        try:
            self._gate.invocation(function, region)
            answer = self._functions.invoke(function, region, payload, sleeper=work)
        except (ClientError, LambdaClientError):
            return False
        return not answer.function_error


def _mapping_of(queue: Any) -> Any:
    """The mapping by which Lambda takes a queue's messages, if there is an enabled one."""
    backend = get_backend(ACCOUNT, queue.region)
    mappings = backend.list_event_source_mappings(queue.queue_arn, function_name="")
    return next((mapping for mapping in mappings if mapping.enabled), None)


def _polling(queue_arn: str) -> list[RequiredPermission]:
    """What Lambda does with a queue, in the role of the function."""
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return [RequiredPermission(action, queue_arn) for action in actions]


def _queue(arn: str) -> Any:
    _, _, _, region, account, name = arn.split(":")
    return sqs_backends[account][region].get_queue(name)


def _hide(message: Any) -> None:
    """Let nobody but Lambda see a message. The emulator's visibility follows the real clock."""
    message.visible_at = math.inf


def _remove(queue: Any, message: Any) -> None:
    """Take a message out. The emulator's own way would lose what is sent at the same moment."""
    with queue._messages_lock:
        if message in queue._messages:
            queue._messages.remove(message)


def _is_spent(queue: Any, message: Any) -> bool:
    policy = queue.redrive_policy
    return bool(policy) and message.approximate_receive_count >= policy["maxReceiveCount"]


def _record(queue: Any, message: Any) -> dict[str, Any]:
    """A message as functions get it. The time when it was sent is the machine's own."""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
