"""What goes wrong on the way to the database is named, without secrets."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
import trustme
from psycopg2.sql import SQL
from pydantic import SecretStr

from local.postgres.interruptions import Interruption, Refusal
from shared.errors import DatabaseUnreachable, InternalError, RestoreError, ValidationFailed
from shared.users.master.connecting import Login
from shared.users.master.server import Server
from shared.users.master.sessions import named
from shared.users.preparation import prepare
from shared.users.slices import Slice
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.local.postgres.clients import MASTER, PASSWORD
from tests.shared.users.restored import (
    HOST,
    LONG,
    NOTES,
    OLD_PASSWORD,
    VOLUME,
    Restored,
    a_user,
    failing,
)

USERS = (a_user(), a_user("owner", "owner"))


def prepare_at(server: Server) -> None:
    prepare(server, UsersSecret(users=USERS), NOTES, Slice(LONG))


def everything(restored: Restored) -> None:
    restored.set_up(*USERS)


@pytest.mark.parametrize(
    "doing",
    [
        everything,
        lambda restored: prove(restored.server, UsersSecret(users=USERS)),
    ],
    ids=["everything", "proof"],
)
def test_a_connection_that_breaks_anywhere_is_tried_again(
    restored: Restored, doing: Callable[[Restored], None]
) -> None:
    everything(restored)

    for after in (None, 0, 1, 2):
        restored.databases.front.drop_next(HOST, after)
        with failing(DatabaseUnreachable):
            doing(restored)

    everything(restored)


def test_a_server_that_is_stopped_is_unreachable(restored: Restored) -> None:
    restored.databases.stop(VOLUME)

    with failing(DatabaseUnreachable, HOST):
        everything(restored)


def test_another_authority_is_not_trusted(
    restored: Restored, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "other.pem"))

    with failing(DatabaseUnreachable, HOST, "certificate"):
        everything(restored)


def test_a_host_name_that_is_not_the_servers_is_not_trusted(restored: Restored) -> None:
    elsewhere = replace(restored.server, host="aurora-prod.cluster-abc123.example.com")

    with failing(DatabaseUnreachable, elsewhere.host):
        prepare_at(elsewhere)


def test_a_master_password_that_is_not_in_effect_yet_is_tried_again(restored: Restored) -> None:
    early = replace(restored.server, admin=Login("app_master", SecretStr("not yet")))

    with failing(DatabaseUnreachable, "app_master", "takes a moment to take effect"):
        prepare_at(early)


def test_a_user_that_finds_no_connection_free_is_tried_again(restored: Restored) -> None:
    everything(restored)
    restored.restart(max_connections=5)

    with (
        restored.connected("reader"),
        restored.connected("owner"),
        failing(DatabaseUnreachable, "53300"),
    ):
        prove(restored.server, UsersSecret(users=USERS))


def test_a_lock_that_somebody_holds_is_waited_for_by_trying_again(restored: Restored) -> None:
    with closing(psycopg2.connect(restored.direct_dsn)) as holder, holder.cursor() as cursor:
        cursor.execute("SET lock_timeout = 1; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with closing(psycopg2.connect(restored.direct_dsn)) as other, other.cursor() as waiting:
            waiting.execute("SET lock_timeout = 1")
            with pytest.raises(psycopg2.errors.LockNotAvailable) as raised:
                waiting.execute("LOCK TABLE orders")

    assert isinstance(named(raised.value, "Locking"), DatabaseUnreachable)


def test_who_holds_a_lock_is_told(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=2)
    restored.as_superuser(
        "BEGIN", "LOCK TABLE by_the_master", "SET ROLE shop_app", "PREPARE TRANSACTION 'half done'"
    )
    with (
        restored.connected("shop_app", OLD_PASSWORD) as holder,
        holder.cursor() as cursor,
        failing(DatabaseUnreachable, "55P03", "a session of shop_app", "half done"),
        restored.server.as_admin("shop") as session,
    ):
        cursor.execute("BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        session.run("Being impatient", "SET lock_timeout = '50ms'")
        session.run("Locking", "LOCK TABLE public.by_the_master")


def test_what_others_change_at_the_same_moment_is_tried_again(restored: Restored) -> None:
    """Two sessions that grant on the same table: the second finds its row changed."""
    grant = "GRANT SELECT ON public.by_the_master TO shop_app"
    with restored.connected(MASTER, PASSWORD) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(grant)
        ending = threading.Timer(0.2, lambda: cursor.execute("COMMIT"))
        ending.start()
        with (
            failing(DatabaseUnreachable, "XX000", "at once"),
            restored.server.as_admin("shop") as session,
        ):
            session.run("Granting", grant)
        ending.join()


def test_what_is_gone_since_it_was_listed_is_listed_again(restored: Restored) -> None:
    with (
        failing(DatabaseUnreachable, "42P01", "meanwhile"),
        restored.server.as_admin("shop") as session,
    ):
        session.run_on_listed("Granting", SQL("GRANT SELECT ON public.gone TO PUBLIC"))


def test_an_error_that_is_not_transient_is_final(restored: Restored) -> None:
    with (
        failing(ValidationFailed, "Checking", "42P01"),
        restored.server.as_admin() as session,
    ):
        session.run("Checking", "SELECT * FROM nowhere")


def test_what_the_driver_refuses_by_itself_is_a_defect(restored: Restored) -> None:
    with (
        failing(InternalError, "Checking", "ProgrammingError"),
        restored.server.as_admin() as session,
    ):
        session.rows("Checking", "SELECT %s", ({"no", "type", "of", "PostgreSQL"},))


def test_no_statement_shows_a_password_to_the_server(restored: Restored) -> None:
    stop, seen = threading.Event(), set[str]()

    def watch() -> None:
        with closing(psycopg2.connect(restored.direct_dsn)) as opened, opened.cursor() as cursor:
            opened.autocommit = True
            while not stop.is_set():
                cursor.execute("SELECT query FROM pg_stat_activity WHERE query <> ''")
                seen.update(query for (query,) in cursor.fetchall())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        everything(restored)
    finally:
        stop.set()
        watcher.join()

    assert seen
    assert not [query for query in seen if "pässword" in query or "s3cret" in query]


@pytest.mark.parametrize("version", ["", "16.14", "16.4-limitless", "17.4", "next"])
def test_a_version_that_rds_gives_wrongly_keeps_nobody_out(
    restored: Restored, version: str
) -> None:
    server = replace(restored.server, engine_version=version)

    with server.as_admin("shop") as session:
        assert session.rows("Checking", "SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("25006", "accepts no writes"),
        ("40P01", "another transaction was in its way"),
        ("53200", "no memory left"),
        ("55P03", "somebody holds a lock"),
        ("57014", "was cancelled"),
        ("57P01", "not available right now"),
    ],
)
def test_an_error_that_may_come_again_and_again_is_told_as_what_it_is(
    restored: Restored, code: str, words: str
) -> None:
    refusal = Refusal(code, "…", is_final=False)
    restored.databases.front.interrupt(Interruption(HOST, 3, refusal=refusal))

    with failing(DatabaseUnreachable, words, code):
        everything(restored)


@pytest.mark.thorough
def test_whatever_statement_fails_for_an_unknown_reason_the_set_up_fails(
    restored: Restored,
) -> None:
    databases = restored.databases
    before = len(databases.front.talks())
    everything(restored)
    talks = databases.front.talks()[before:]
    unknown = Refusal("XX000", "…", is_final=False)

    passed = []
    for nth, talk in enumerate(talks, 1):
        for number in range(talk.statements):
            databases.delete(VOLUME)
            databases.copy("prepared", VOLUME)
            fresh = Restored(databases, databases.serve(VOLUME, [HOST], 5432))
            databases.front.interrupt(Interruption(HOST, number, nth=nth, refusal=unknown))
            try:
                everything(fresh)
            except RestoreError:
                continue
            passed.append(f"connection {nth}, statement {number + 1}")

    assert passed == []
