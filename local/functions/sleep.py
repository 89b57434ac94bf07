"""Functions that nobody has invoked for weeks: Lambda has taken away what they ran on.

The first call makes Lambda provide it anew; until that is done, every `Invoke` is an error. What
the error is depends on whether the function is in a VPC.

https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from moto.awslambda.exceptions import LambdaClientError

from local.clock import Clock


class NotAwakeError(LambdaClientError):  # type: ignore[misc]
    """What `Invoke` answers while a function is not yet ready."""

    def __init__(self, code: str, message: str, http_status: int) -> None:
        super().__init__(code, message)
        self.code = http_status


@dataclass
class _Sleep:
    seconds: float
    wakes_at: datetime | None = None
    """Unknown until somebody calls."""


class Sleepers:
    """The functions that are asleep, or waking up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asleep: dict[str, _Sleep] = {}
        self._lock = threading.Lock()

    def put(self, name: str, seconds: float) -> None:
        """Let a function sleep; it will be ready so many seconds after the next call."""
        with self._lock:
            self._asleep[name] = _Sleep(seconds)

    def wake_all(self) -> None:
        """Let every function be ready."""
        with self._lock:
            self._asleep.clear()

    def call(self, name: str, *, is_in_vpc: bool) -> None:
        """Call a function: raises `NotAwakeError` as long as it is not ready."""
        with self._lock:
            sleep = self._asleep.get(name)
            if sleep is None:
                return
            is_first = sleep.wakes_at is None
            if sleep.wakes_at is None:
                sleep.wakes_at = self._clock.now() + timedelta(seconds=sleep.seconds)
            elif self._clock.now() >= sleep.wakes_at:
                del self._asleep[name]
                return
        raise _answer(is_first=is_first, is_in_vpc=is_in_vpc)


def _answer(*, is_first: bool, is_in_vpc: bool) -> NotAwakeError:
    if not is_in_vpc:
        return NotAwakeError(
            "CodeArtifactUserPendingException",
            "Lambda is initializing your function. It will be ready to invoke shortly.",
            409,
        )
    if is_first:
        return NotAwakeError(
            "ResourceNotReadyException",
            "The function is inactive and its VPC connection is no longer available.",
            502,
        )
    return NotAwakeError(
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the "
        "following state: Pending",
        409,
    )
