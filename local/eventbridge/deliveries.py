"""How EventBridge delivers: with retries, as the retry policy of a target says."""

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException

from local.background import Work
from local.clock import Clock

# The defaults of a target without a retry policy of its own.
_RETRY_ATTEMPTS = 185
_EVENT_AGE_SECONDS = 86400
_LONGEST_RETRY_DELAY_SECONDS = 600


class Delivery:
    """An event on its way to the targets of all rules that match it."""

    def __init__(self, arrivals: Sequence[Event]) -> None:
        self._arrivals = arrivals

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Wait until every target was reached, or its retries are exhausted.

        Raises `TimeoutError` when that takes longer than `timeout_seconds` of real time.
        """
        for arrival in self._arrivals:
            if not arrival.wait(timeout_seconds):
                raise TimeoutError("An event is still on its way to the target of a rule.")


class Failure(NamedTuple):
    """Why a target was not reached, and how many attempts were made after the first."""

    code: str
    reason: str
    retries: int

    @property
    def attributes(self) -> dict[str, str]:
        """What the dead letter says of it."""
        return {
            "ERROR_CODE": self.code,
            "ERROR_MESSAGE": self.reason,
            "RETRY_ATTEMPTS": str(self.retries),
        }


def deliver(
    work: Work, clock: Clock, target: Mapping[str, Any], send: Callable[[], None]
) -> Failure | None:
    """Send to a target until it gets there; `None` when it did."""
    policy = target.get("RetryPolicy", {})
    attempts_left = int(policy.get("MaximumRetryAttempts", _RETRY_ATTEMPTS))
    patience = int(policy.get("MaximumEventAgeInSeconds", _EVENT_AGE_SECONDS))
    began, delay, attempts = clock.now(), 1.0, 0
    while True:
        try:
            send()
        except UnknownFunctionException as error:
            code, reason, is_final = "NO_RESOURCE", str(error), True
        except PermissionError as error:
            code, reason, is_final = "NO_PERMISSIONS", str(error), True
        except ClientError as error:
            code, reason, is_final = error.response["Error"]["Code"], str(error), False
        else:
            return None
        age = (clock.now() - began).total_seconds()
        if is_final or attempts == attempts_left or age + delay > patience:
            return Failure(code, reason, attempts)
        work.sleep(delay)
        attempts, delay = attempts + 1, min(delay * 2, _LONGEST_RETRY_DELAY_SECONDS)
