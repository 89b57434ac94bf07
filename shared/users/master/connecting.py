"""Connecting, and what is known of the error when a server lets nobody in.

While a connection is made psycopg2 passes on the text of an error, and no code. The text is in the
server's language (`lc_messages`, which only a superuser may set for a session), and in an encoding
that nobody knows yet. libpq has the code, and the name of the function in the server that refused;
it gives both with the text if asked before it connects. So what has failed is tried once more, with
that question. (PostgreSQL documentation, PQsetErrorVerbosity; psycopg2, connection.pgconn_ptr)
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
_VERBOSE = 2  # PQERRORS_VERBOSE

# "… failed: <severity>:  <code>: <text>", and libpq's own words before the function's name.
_CODE = re.compile(rb"[^:\s]:  ([0-9A-Z]{5}): ")
_FUNCTION = re.compile(rb"\nLOCATION:  (\w+), ")
# "connection to server at … failed: <severity>:  <text>", whatever the severity is called.
_TEXT = re.compile(r"failed: [^:\n]+:  ?([^\n]*)")

TIMEOUT = 10
"""Seconds."""


# What a login is refused for, again and again, although role and password are right: CONNECT is
# missing, the database does not exist, it accepts no connections.
_NO_ENTRY = ("42501", "3D000", "55000")
_DATABASE_IS_FULL = ("53300", "CheckMyDatabase")
# Codes that have passing reasons, too. (PostgreSQL, src/backend/utils/init/miscinit.c and
# postinit.c, src/backend/libpq/auth.c, the same names from 11 to 18)
_LASTING = {
    ("28000", "InitializeSessionUserId"): "the role may not log in (ALTER ROLE … LOGIN)",
    ("28000", "auth_failed"): (
        "a password does not let the role in, as for a member of rds_iam (REVOKE rds_iam FROM …)"
    ),
}
# Sessions that are open may end, others may hold the last place: only a limit of 0 would last.
_IF_IT_LASTS = {
    ("53300", "InitializeSessionUserId"): "ALTER ROLE … CONNECTION LIMIT -1",
    _DATABASE_IS_FULL: "ALTER DATABASE … CONNECTION LIMIT -1",
}


class Login(NamedTuple):
    """A user name and its password."""

    username: str
    password: SecretStr


class LoginRefused(Exception):
    """The server answered, and refused this login: with the text, which is the server's."""

    def __init__(self, code: str, text: str = "", function: str = "") -> None:
        super().__init__(f"{text} ({code})" if text else code)
        self.code = code
        self.function = function
        """The server's function that refused: some codes have several reasons."""

    @property
    def is_of_the_login(self) -> bool:
        """Whether the role or its password was refused, not what it asked for."""
        return self.code.startswith("28")

    @property
    def is_of_the_database(self) -> bool:
        """Whether another database may let this login in."""
        return self.code in _NO_ENTRY or (self.code, self.function) == _DATABASE_IS_FULL

    @property
    def lasting_reason(self) -> str:
        """Why it is refused until somebody changes the role; or ''."""
        return _LASTING.get((self.code, self.function), "")

    @property
    def remedy(self) -> str:
        """What to do if it lasts, although it may pass; or ''."""
        return _IF_IT_LASTS.get((self.code, self.function), "")


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
    if time.monotonic() - begun < TIMEOUT and (refused := _refusal_again(parameters)):
        words = _TEXT.search(text)
        text = words[1].strip() if words else ""
        raise LoginRefused(refused.code, text, refused.function) from None
    raise NoAnswer(text)


def refusal(**parameters: Any) -> LoginRefused | None:
    """How the server refuses a login; None if it lets it in. Raises `NoAnswer`."""
    deadline = time.monotonic() + TIMEOUT
    opened = None
    try:
        opened = psycopg2.connect(async_=True, **parameters)
        _LIBPQ.PQsetErrorVerbosity(opened.pgconn_ptr, _VERBOSE)
        while (state := opened.poll()) != POLL_OK:
            _wait(opened, state, deadline)
    except (psycopg2.Error, UnicodeDecodeError) as error:
        if code := _CODE.search(_bytes(error)):
            functions = _FUNCTION.findall(_bytes(error))
            return LoginRefused(code[1].decode(), function=b"".join(functions[-1:]).decode())
        raise NoAnswer(_bytes(error).decode(errors="replace")) from None
    finally:
        if opened:
            opened.close()
    return None


def _refusal_again(parameters: dict[str, Any]) -> LoginRefused | None:
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
