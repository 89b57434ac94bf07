"""An execution of a state machine at work."""

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.clock import Clock
from local.workflows.redrives import Redrives

if TYPE_CHECKING:
    from collections.abc import Callable


class Run:
    """One execution at work: its place on the clock, and the ways it is made to stop.

    An execution that is redriven is at work once more, in another run.
    """

    def __init__(self, clock: Clock, worker: Any, redrives: Redrives) -> None:
        self.worker = worker
        self.redrives = redrives
        self.thread = threading.current_thread()
        self.ended = threading.Event()
        self.interrupt = threading.Event()
        self.patience_seconds = float("inf")
        self._clock = clock
        self._participant = clock.join()
        self._deadline: datetime | None = None
        self._abort: Callable[[], None] | None = None

    @property
    def execution(self) -> Any:
        """The emulator's record of the execution."""
        return self.worker._execution_communication.execution

    def limit(self, seconds: int) -> None:
        """Let the execution time out so many simulated seconds from now."""
        self._deadline = self._clock.now() + timedelta(seconds=seconds)

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        """Wait on the clock, and time out there when the execution's time is over."""
        left = float("inf")
        if self._deadline:
            left = (self._deadline - self._clock.now()).total_seconds()
        self._participant.sleep(min(seconds, left), interrupt or self.interrupt)
        self.notice()

    def stop(self, stop_date: datetime, error: str | None, cause: str | None) -> None:
        """Abort the execution, as soon as it takes notice."""
        self._abort = lambda: self.worker.env.set_stop(stop_date, cause, error)
        self.interrupt.set()

    def notice(self) -> None:
        """End the execution when it has been stopped, or its time is over.

        It takes notice inside its states only: on entering one, where it waits, and when its
        function returns. So there is always a state that it has not left, for a redrive.
        """
        if self._abort:
            self._abort()
        if self._deadline and self._clock.now() >= self._deadline and self.worker.env.is_running():
            self.worker.env.set_timed_out()

    def leave(self) -> None:
        """Stop holding the clock."""
        self._participant.leave()
