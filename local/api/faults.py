"""Faults on request: the n-th matching call of an AWS API goes wrong in a chosen way."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from local.calls import Call


@dataclass(frozen=True)
class AnswerError:
    """The call has no effect and answers with this error."""

    code: str
    message: str = "An error on request of a test."
    http_status: int = 400

    def answer_of(self, _: Call) -> "AnswerError":
        """Itself, whatever the call is."""
        return self


@dataclass(frozen=True)
class Throttle:
    """The call has no effect and is throttled, in the words of the service that is called."""

    def answer_of(self, call: Call) -> AnswerError:
        """The error with which the called service throttles."""
        if call.service == "lambda":
            return AnswerError("TooManyRequestsException", "Rate Exceeded.", http_status=429)
        code = "ThrottlingException" if call.service in _JSON_SERVICES else "Throttling"
        return AnswerError(code, "Rate exceeded")


@dataclass(frozen=True)
class ServerError:
    """The call has no effect and answers with a failure of the service itself."""

    def answer_of(self, call: Call) -> AnswerError:
        """The 5xx answer."""
        return AnswerError(
            "ServiceException" if call.service == "lambda" else "InternalFailure",
            "The service failed, on request of a test.",
            http_status=500,
        )


@dataclass(frozen=True)
class Refuse:
    """The call has no effect, for its caller lacks a permission."""

    why: str

    def answer_of(self, call: Call) -> AnswerError:
        """The error with which the called service refuses."""
        code = "AccessDeniedException" if call.service in _JSON_SERVICES else "AccessDenied"
        return AnswerError(_REFUSALS.get(call.service, code), self.why, http_status=403)


@dataclass(frozen=True)
class LoseConnection:
    """The call takes effect, and its answer never arrives."""


@dataclass(frozen=True)
class KillWorker:
    """The worker process that makes the call is killed just before or after it takes effect."""

    when: Literal["before", "after"]


@dataclass(frozen=True)
class TimeOut:
    """The call takes effect, and the function hangs until its own time-out strikes.

    The time it hangs passes on the clock, not in reality.
    """


@dataclass(frozen=True)
class Precede:
    """Something else happens just before the call takes effect, as it then does."""

    act: Callable[[Call], object]


Effect = (
    AnswerError | Throttle | ServerError | Refuse | LoseConnection | KillWorker | TimeOut | Precede
)

_JSON_SERVICES = frozenset({"dynamodb", "kms", "secretsmanager", "states", "events", "logs", "sqs"})
_REFUSALS = {"ec2": "UnauthorizedOperation", "lambda": "AccessDeniedException"}


class Fault:
    """One armed fault."""

    def __init__(self, pattern: str, do: Effect, nth: int, times: int, function: str) -> None:
        self.do = do
        self._pattern = pattern
        self._function = function
        self._nth = nth
        self._times = times
        self._matched = 0
        self._fired: list[Call] = []

    @property
    def fired(self) -> bool:
        """Did it strike at least once?"""
        return bool(self._fired)

    @property
    def struck(self) -> tuple[Call, ...]:
        """The calls it struck, in order."""
        return tuple(self._fired)

    def strikes(self, call: Call) -> bool:
        """Count `call`, and say whether it is one to go wrong."""
        if not (
            fnmatchcase(f"{call.service}:{call.action}", self._pattern)
            and fnmatchcase(call.function or "", self._function)
        ):
            return False
        self._matched += 1
        if not self._nth <= self._matched < self._nth + self._times:
            return False
        self._fired.append(call)
        return True


class Faults:
    """The armed faults of a cloud."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def on(
        self,
        pattern: str,
        do: Effect,
        *,
        nth: int = 1,
        times: int = 1,
        function: str = "*",
    ) -> Fault:
        """Let the `nth` matching call go wrong, and those after it, `times` in all.

        `pattern` is `service:Action` as IAM writes it, `function` the name of the calling
        function; both may hold `*`. Calls from outside have the empty function name.
        """
        fault = Fault(pattern, do, nth, times, function)
        with self._lock:
            self._armed.append(fault)
        return fault

    def next_for(self, call: Call) -> Fault | None:
        """The first armed fault that strikes `call`; the others count it all the same."""
        with self._lock:
            striking = [fault for fault in self._armed if fault.strikes(call)]
        return striking[0] if striking else None

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()
