"""Work that goes on beside its cause: each piece a thread that takes part in the clock."""

import threading
from collections.abc import Callable

from local.clock import Clock, Participant


class Closing(Exception):
    """The cloud is being emptied; whatever waits on the clock ends."""


class Work:
    """One piece of work: a place on the clock to sleep at."""

    def __init__(self, participant: Participant, closing: threading.Event) -> None:
        self._participant = participant
        self._closing = closing

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        """Wait on the clock. Raises `Closing` when the cloud is emptied meanwhile."""
        self._participant.sleep(seconds, interrupt or self._closing)
        if self._closing.is_set():
            raise Closing


class Background:
    """All work that goes on by itself, and may set off more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closing = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._this_thread = threading.local()

    def start(self, name: str, work: Callable[[Work], None]) -> threading.Event:
        """Do `work` in a thread of its own; the event is set when it and what it set off are done.

        The work holds the clock from now on, so no time passes before it has begun.
        """
        participant = self._clock.join()
        done = threading.Event()
        getattr(self._this_thread, "set_off", []).append(done)

        def run() -> None:
            self._this_thread.set_off = []
            try:
                work(Work(participant, self._closing))
            except Closing:
                pass
            finally:
                participant.leave()
                for other in self._this_thread.set_off:
                    other.wait()
                done.set()
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()
        return done

    def stop(self) -> None:
        """Let everything under way end; `reset` waits until it has."""
        self._closing.set()

    def reset(self) -> None:
        """Wait until everything has ended, and be ready for new work."""
        while threads := self._running():
            for thread in threads:
                thread.join()
        self._closing.clear()

    def _running(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)
