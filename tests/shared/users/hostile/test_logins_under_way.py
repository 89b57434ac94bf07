"""A login that began before the lock is in no list of sessions, and gains nothing by that."""

import base64
import hashlib
import hmac
import socket
import struct
import threading
import time
from contextlib import closing, suppress

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import parse_dsn

from shared.errors import DatabaseUnreachable
from tests.local.postgres.clients import MASTER, PASSWORD, connect
from tests.shared.users.restored import HOST, OLD_PASSWORD, Restored, a_user, failing


class Stalled:
    """A login whose last message is not yet sent; the server has read the old verifier."""

    def __init__(self, restored: Restored, user: str, password: str) -> None:
        dsn = parse_dsn(restored.direct_dsn)
        self.password = password
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{dsn['host']}/.s.PGSQL.{dsn['port']}")
        start = f"user\0{user}\0database\0shop\0\0".encode()
        self.socket.sendall(struct.pack("!II", len(start) + 8, 196608) + start)
        self.read()
        self.bare = b"n=,r=abcdefghijkl"
        first = b"n,," + self.bare
        self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
        self.first = self.read()[1][4:]

    def read(self) -> tuple[bytes, bytes]:
        head = self.socket.recv(5, socket.MSG_WAITALL)
        if len(head) < 5:
            return b"", b""
        length = struct.unpack("!I", head[1:])[0] - 4
        return head[:1], self.socket.recv(length, socket.MSG_WAITALL) if length else b""

    def send(self, kind: bytes, body: bytes) -> None:
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def is_let_in(self) -> bool:
        parts = dict(part.split("=", 1) for part in self.first.decode().split(","))
        salt, turns = base64.b64decode(parts["s"]), int(parts["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, turns)
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = f"c=biws,r={parts['r']}".encode()
        signed = self.bare + b"," + self.first + b"," + last
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        kind = b""
        with suppress(OSError):
            self.send(b"p", last + b",p=" + base64.b64encode(proof))
            while (kind := self.read()[0]) not in (b"Z", b"E", b""):
                pass
        return kind == b"Z"


@pytest.mark.parametrize(("user", "password"), [("shop_owner", OLD_PASSWORD), (MASTER, PASSWORD)])
def test_a_session_that_delays_itself_ends(restored: Restored, user: str, password: str) -> None:
    """`post_auth_delay` comes after the login was allowed, and before the session is listed."""
    opened: list[Connection] = []

    def log_in() -> None:
        with suppress(psycopg2.Error):
            pause = {"user": user, "password": password, "options": "-c post_auth_delay=3"}
            opened.append(connect(restored.databases, restored.port, HOST, **pause))

    thread = threading.Thread(target=log_in)
    thread.start()
    time.sleep(0.5)
    restored.prepare(a_user())
    thread.join()

    for session in opened:
        with closing(session), pytest.raises(psycopg2.Error):
            session.cursor().execute("DELETE FROM orders")


def test_an_old_password_does_not_become_the_new_users(restored: Restored) -> None:
    """The server looks the role up by its name after the password was right."""
    restored.restart(authentication_timeout=2)
    restored.run(f"CREATE ROLE owner LOGIN PASSWORD '{OLD_PASSWORD}'")
    login = Stalled(restored, "owner", OLD_PASSWORD)

    with closing(login.socket):
        restored.prepare(a_user("owner", "owner"))

        assert not login.is_let_in()


def test_a_login_that_would_be_let_in_is_noticed_by_this_test(restored: Restored) -> None:
    login = Stalled(restored, "shop_app", OLD_PASSWORD)

    with closing(login.socket):
        assert login.is_let_in()


def test_one_that_takes_longer_than_can_be_waited_is_tried_again(
    restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.users.lockout.logins._ROUNDS", 3)
    login = Stalled(restored, "shop_app", OLD_PASSWORD)

    with closing(login.socket), failing(DatabaseUnreachable, HOST, "authentication_timeout"):
        restored.prepare(a_user())


def test_what_outlasts_the_time_of_a_login_is_none_and_delays_nothing_indefinitely(
    restored: Restored,
) -> None:
    """Its own time limit was set when it began, so it looks like a process of AWS's."""
    login = Stalled(restored, "shop_app", OLD_PASSWORD)

    with closing(login.socket):
        restored.as_superuser(
            "ALTER SYSTEM SET authentication_timeout = 1", "SELECT pg_reload_conf()"
        )
        restored.prepare(a_user())

        assert not login.is_let_in()
