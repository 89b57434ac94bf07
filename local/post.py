"""SNS for people: e-mails and SMS, which the emulator knows nothing of, lie here to be read."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from moto.sns.models import Subscription

from local.patches import Patches


class Delivery(NamedTuple):
    """What reached a person."""

    protocol: str
    endpoint: str
    subject: str | None
    message: str
    attributes: Mapping[str, Any]


class Post:
    """The patch of the emulator's subscriptions, and everything that was delivered by it."""

    def __init__(self) -> None:
        self._patches = Patches()
        self._delivered: list[Delivery] = []

    def install(self) -> None:
        publish = Subscription.publish
        self._patches.replace(Subscription, "publish", self._delivering(publish))

    def uninstall(self) -> None:
        """Leave the emulator as it was."""
        self._patches.undo()

    def clear(self) -> None:
        """Forget what was delivered."""
        self._delivered.clear()

    def collect(self, protocol: str) -> list[Delivery]:
        """Take what was delivered as `email` or `sms` since the last look, oldest first."""
        taken = [one for one in self._delivered if one.protocol == protocol]
        self._delivered = [one for one in self._delivered if one.protocol != protocol]
        return taken

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
            self._delivered.append(
                Delivery(
                    subscription.protocol,
                    subscription.endpoint,
                    subject if subscription.protocol == "email" else None,
                    message,
                    message_attributes or {},
                )
            )

        return publish_to_anybody
