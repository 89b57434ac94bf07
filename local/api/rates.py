"""How many calls of a service AWS admits: what is more is throttled, on the cloud's clock."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from local.calls import Call


@dataclass(frozen=True)
class Rate:
    """A bucket of tokens, one for each region: so many at once, refilled at so many a second."""

    per_second: float
    at_once: int


# AWS does not publish RDS's rates, and its support does not disclose them. This is careful: a
# script that describes a handful of instances in a loop is throttled by the real service too.
# https://github.com/aws/aws-cli/issues/8604
RDS = Rate(per_second=10, at_once=20)


class Rates:
    """The limits that count; none of any service at first."""

    def __init__(self) -> None:
        self._rates: dict[str, Rate] = {}
        self._buckets: dict[tuple[str, str], tuple[float, datetime]] = {}
        self._lock = threading.Lock()
        self.throttled = 0
        """How many calls were not admitted."""

    def limit(self, service: str, rate: Rate) -> None:
        """Throttle a service from now on."""
        self._rates[service] = rate

    def clear(self) -> None:
        """Admit every call again."""
        self._rates.clear()
        self._buckets.clear()
        self.throttled = 0

    def admits(self, call: "Call") -> bool:
        """Whether AWS answers a call of a function; what people look at from outside is free."""
        rate = self._rates.get(call.service)
        if rate is None or call.function is None:
            return True
        with self._lock:
            key = (call.service, call.region)
            tokens, since = self._buckets.get(key, (float(rate.at_once), call.at))
            passed = max(0.0, (call.at - since).total_seconds())
            tokens = min(rate.at_once, tokens + passed * rate.per_second)
            is_admitted = tokens >= 1
            self._buckets[key] = (tokens - is_admitted, max(since, call.at))
            self.throttled += not is_admitted
            return is_admitted
