"""SNS for people: e-mails and SMS, which the emulator does not deliver, are kept here."""

import json
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from moto.sns.models import Subscription

from local.patches import Patches


class Received(NamedTuple):
    """A message that reached a person; its id is the same for everyone who received it."""

    message_id: str
    protocol: str
    endpoint: str
    subject: str | None
    message: str
    attributes: str
    """As JSON."""


class Mail:
    """Delivers the messages of a topic to people, and keeps them."""

    def __init__(self) -> None:
        self._patches = Patches()
        self._delivered: list[Received] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._patches.replace(Subscription, "publish", self._delivering(Subscription.publish))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.undo()

    def clear(self) -> None:
        """Forget what was delivered."""
        with self._lock:
            self._delivered.clear()

    def collect(self, *protocols: str) -> list[tuple[Received, ...]]:
        """Take the messages that have arrived by all of these protocols, oldest first.

        One that is still on its way to some of them is left for the next look.
        """
        with self._lock:
            arrived: dict[str, dict[str, Received]] = {}
            for message in self._delivered:
                arrived.setdefault(message.message_id, {})[message.protocol] = message
            complete = [
                tuple(forms[protocol] for protocol in protocols)
                for forms in arrived.values()
                if forms.keys() >= set(protocols)
            ]
            taken = {message for forms in complete for message in forms}
            self._delivered = [each for each in self._delivered if each not in taken]
        return complete

    def _delivering(self, publish: Callable[..., None]) -> Callable[..., None]:
        def publish_to_anybody(
            subscription: Subscription,
            message: str,
            message_id: str,
            subject: str | None = None,
            message_attributes: dict[str, Any] | None = None,
            message_structure: str | None = None,
            **rest: Any,
        ) -> None:
            if subscription.protocol not in ("email", "sms"):
                publish(
                    subscription,
                    message,
                    message_id,
                    subject=subject,
                    message_attributes=message_attributes,
                    message_structure=message_structure,
                    **rest,
                )
                return
            matcher = subscription._filter_policy_matcher
            if matcher is not None and not matcher.matches(message_attributes, message):
                return
            if message_structure == "json":
                message = subscription._parse_message_structure(message, subscription.protocol)
            received = Received(
                message_id,
                subscription.protocol,
                subscription.endpoint,
                subject if subscription.protocol == "email" else None,
                message,
                json.dumps(message_attributes or {}),
            )
            with self._lock:
                self._delivered.append(received)

        return publish_to_anybody
