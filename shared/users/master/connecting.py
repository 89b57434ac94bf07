"""Connecting, and the code of the error when a server lets nobody in.

While a connection is made psycopg2 passes on the text of an error, and no code. The text is in the
server's language (`lc_messages`, which only a superuser may set for a session), and in an encoding
that nobody knows yet. libpq has the code, and gives it instead of the text if asked before it
connects. So what has failed is tried once more, with that question.
(PostgreSQL documentation, PQsetErrorVerbosity; psycopg2, connection.pgconn_ptr)
"""

import ctypes
import re
import select
import time
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import _psycopg
from psycopg2.extensions import POLL_OK, POLL_READ, connection
from pydantic import SecretStr

# Finds the libpq that psycopg2 itself is linked with, wherever that is.
_LIBPQ = ctypes.CDLL(_psycopg.__file__)
_LIBPQ.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
_CODE_ONLY = 3  # PQERRORS_SQLSTATE, since libpq 12

# "<severity>:  <code>": with this question there is no other text of the server's.
_CODE = re.compile(rb":  ([0-9A-Z]{5})\s*$")
# "connection to server at … failed: <severity>:  <text>", whatever the severity is called.
_TEXT = re.compile(r"failed: [^:\n]+:  ?([^\n]*)")

TIMEOUT = 10
"""Seconds."""


class Login(NamedTuple):
    """A user name and its password."""

    username: str
    password: SecretStr


class LoginRefused(Exception):
    """The server answered, and refused this login: with the text, which is the server's."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{text} ({code})" if text else code)
        self.code = code

    @property
    def is_of_the_login(self) -> bool:
        """Whether the role or its password was refused, not what it asked for."""
        return self.code.startswith("28")


class NoAnswer(Exception):
    """The server did not answer, or broke off; the text is libpq's own."""


def connect(**parameters: Any) -> connection:
    """Connect as `psycopg2.connect` does; raises `LoginRefused` or `NoAnswer`."""
    begun = time.monotonic()
    try:
        opened: connection = psycopg2.connect(connect_timeout=TIMEOUT, **parameters)
        return opened
    except (psycopg2.OperationalError, UnicodeDecodeError) as error:
        text = _bytes(error).decode(errors="replace")
    if time.monotonic() - begun < TIMEOUT and (code := _code_again(parameters)):
        words = _TEXT.search(text)
        raise LoginRefused(code, words[1].strip() if words else "") from None
    raise NoAnswer(text)


def refusal(**parameters: Any) -> str | None:
    """The code with which the server refuses a login; None if it lets it in. Raises `NoAnswer`."""
    deadline = time.monotonic() + TIMEOUT
    opened = None
    try:
        opened = psycopg2.connect(async_=True, **parameters)
        _LIBPQ.PQsetErrorVerbosity(opened.pgconn_ptr, _CODE_ONLY)
        while (state := opened.poll()) != POLL_OK:
            _wait(opened, state, deadline)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        if found := _CODE.search(_bytes(error)):
            return found[1].decode()
        raise NoAnswer(_bytes(error).decode(errors="replace")) from None
    finally:
        if opened:
            opened.close()
    return None


def _code_again(parameters: dict[str, Any]) -> str | None:
    try:
        return refusal(**parameters)
    except NoAnswer:
        return None


def _wait(opened: connection, state: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(opened.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
    if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise NoAnswer("time-out")


def _bytes(error: psycopg2.Error | UnicodeDecodeError) -> bytes:
    """The text of an error, in an encoding of the server's choice."""
    return error.object if isinstance(error, UnicodeDecodeError) else str(error).encode()
