"""Worker processes as the local cloud sees them: forked, given invocations, and killed."""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_WORKER_SCRIPT = Path(__file__).with_name("worker.py")


class WorkerDied(Exception):
    """A worker ended without an answer; the message says how, in Lambda's words."""


class WorkerTimedOut(Exception):
    """A worker did not answer in time. It is still at work."""


@dataclass(frozen=True)
class WorkerAnswer:
    """What came of one invocation."""

    payload: bytes
    failed: bool


class ForkServer:
    """A process with everything imported that forks workers in milliseconds.

    It is there for the length of a block, and takes its remaining workers with it.
    """

    def __init__(self, home: Path) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        self._lock = threading.Lock()
        with theirs:
            # A session of its own: an interrupt from the keyboard is for the cloud, not for it.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", str(_WORKER_SCRIPT)],
                stdin=theirs.fileno(),
                env={"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"},
                cwd=home,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.wait()

    def fork(self) -> tuple[int, socket.socket, int]:
        """A new worker: its process id, its channel, and a descriptor with its output."""
        ours, theirs = socket.socketpair()
        output, output_of_worker = os.pipe()
        try:
            worker = int(self._ask(b"fork", [theirs.fileno(), output_of_worker]))
        finally:
            theirs.close()
            os.close(output_of_worker)
        os.set_blocking(output, False)
        return worker, ours, output

    def reap(self, worker: int) -> int:
        """Wait until a worker has ended; its status as `os.wait` gives it."""
        return int(self._ask(f"reap {worker}".encode(), []))

    def _ask(self, request: bytes, descriptors: list[int]) -> bytes:
        try:
            with self._lock:
                socket.send_fds(self._control, [request], descriptors)
                answer = self._control.recv(64)
        except OSError:
            answer = b""
        if not answer:
            raise RuntimeError("The process that forks workers is gone.")
        return answer


class Worker:
    """A process that runs one function, one invocation at a time."""

    def __init__(self, fork_server: ForkServer, function: Mapping[str, Any]) -> None:
        self._fork_server = fork_server
        self._process_id, self._channel, self._output = fork_server.fork()
        self._answer = b""
        self._written = b""
        self._status: int | None = None
        self._is_out_of_time = False
        self.payload = ""
        """Of the last invocation."""
        self._lock = threading.Lock()
        self._send(function)

    def start(self, invocation: Mapping[str, Any]) -> None:
        """Hand over an invocation."""
        self.payload = str(invocation["payload"])
        self._send(invocation)

    def finish(self, patience_seconds: float) -> WorkerAnswer:
        """Wait for the answer to what was started.

        Raises `WorkerTimedOut` when it takes longer than `patience_seconds`, `WorkerDied` when
        there will be none.
        """
        deadline = time.monotonic() + patience_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._output, selectors.EVENT_READ)
            while (answer := self._complete_answer()) is None:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise WorkerTimedOut
                if self._is_out_of_time:
                    raise WorkerTimedOut
                for key, _ in ready:
                    if key.fileobj is self._channel:
                        self._receive()
                    elif not self._drain_output():
                        selector.unregister(self._output)
        self._drain_output()
        return answer

    def take_output(self) -> list[str]:
        """The lines written since the last time."""
        written, self._written = self._written, b""
        return written.decode(errors="replace").splitlines()

    def kill(self) -> None:
        """Kill the process, as a lost machine would; waiting for its answer raises `WorkerDied`."""
        with self._lock:
            if self._status is None:
                os.kill(self._process_id, signal.SIGKILL)

    def time_out(self) -> None:
        """Let whoever waits for an answer believe that the time for it is over."""
        self._is_out_of_time = True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RD)

    def dispose(self) -> int:
        """Kill the process if it lives, and let go of it; its status as `os.wait` gives it."""
        self.kill()
        return self._reap()

    def _reap(self) -> int:
        """Wait for the process to end, and let go of it."""
        with self._lock:
            if self._status is None:
                self._status = self._fork_server.reap(self._process_id)
                self._drain_output()
                self._channel.close()
                os.close(self._output)
            return self._status

    def _send(self, message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode()
        try:
            self._channel.sendall(len(data).to_bytes(4, "big") + data)
        except OSError:
            raise WorkerDied(self._exit_reason()) from None

    def _receive(self) -> None:
        try:
            chunk = self._channel.recv(1 << 20)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            raise WorkerDied(self._exit_reason())
        self._answer += chunk

    def _complete_answer(self) -> WorkerAnswer | None:
        size = int.from_bytes(self._answer[:4], "big")
        if len(self._answer) < 4 or len(self._answer) < 4 + size:
            return None
        message = json.loads(self._answer[4:])
        self._answer = b""
        return WorkerAnswer(message["payload"].encode(), message["failed"])

    def _drain_output(self) -> bool:
        """Take what the process has written so far; false when it can write no more."""
        while True:
            try:
                chunk = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self._written += chunk

    def _exit_reason(self) -> str:
        # It closed its channel, so it is about to end: killing it now could hide the reason.
        status = self._reap()
        if os.WIFSIGNALED(status):
            reason = signal.strsignal(os.WTERMSIG(status)) or "unknown"
            return f"Runtime exited with error: signal: {reason.lower()}"
        if code := os.WEXITSTATUS(status):
            return f"Runtime exited with error: exit status {code}"
        return "Runtime exited without providing a reason"
