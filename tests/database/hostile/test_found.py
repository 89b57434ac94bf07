"""Attacks and inputs that go through: each asserts what should hold, so each is red."""

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
from psycopg2.extensions import parse_dsn

from shared.errors import RestoreError, ValidationFailed
from tests.database.hostile.attacks import as_shop_owner, give_database_to_shop_owner
from tests.database.hostile.test_arrivals import READER, RUN, mentions
from tests.database.hostile.test_event_triggers import make_event_triggers
from tests.database.restored import HOST, OLD_PASSWORD, Restored, a_user
from tests.local.postgres_clients import MASTER, PASSWORD, connect

DBA = f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'"
BACK = "CREATE ROLE back LOGIN CREATEROLE"
WRITER, OWNER = a_user("writer", "read_write"), a_user("owner", "owner")
IAM_READER = a_user("reader", auth="iam", password=None)


def told(restored: Restored, *users, **choices) -> tuple[str, ...]:
    """The warnings, or the refusal: either counts as told."""
    try:
        return restored.prepare(*users, **choices).warnings
    except ValidationFailed as error:
        return (str(error),)


def as_operators(restored: Restored, *statements: str, database: str = "shop") -> None:
    """As a group with CREATEROLE that nobody can log in as."""
    restored.run("CREATE ROLE operators CREATEROLE")
    restored.run(
        "GRANT operators TO CURRENT_USER", "GRANT CREATE ON SCHEMA public TO operators",
        f"GRANT CREATE ON DATABASE {database} TO operators", "SET ROLE operators", *statements,
        database=database,
    )  # fmt: skip
    restored.run(f"REVOKE CREATE ON DATABASE {database} FROM operators",
                 "REVOKE operators FROM CURRENT_USER", database=database)  # fmt: skip


# --- F1 a session that is not yet in pg_stat_activity --------------------------------------------


@pytest.mark.parametrize(("user", "password"), [("shop_owner", OLD_PASSWORD), (MASTER, PASSWORD)])
def test_f01_a_session_that_delays_itself_ends(restored: Restored, user, password) -> None:
    opened = []

    def log_in() -> None:
        with suppress(psycopg2.Error):
            opened.append(connect(restored.databases, restored.port, HOST, user=user,
                                  password=password, options="-c post_auth_delay=8"))  # fmt: skip

    thread = threading.Thread(target=log_in)
    thread.start()
    time.sleep(2)
    restored.prepare(a_user())
    assert not opened
    thread.join()
    for session in opened:
        with closing(session), pytest.raises(psycopg2.Error):
            session.cursor().execute("DELETE FROM orders")


# --- F2 a login that is held up in the middle of SCRAM --------------------------------------------


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
        self.send(b"p", last + b",p=" + base64.b64encode(proof))
        while True:
            kind, _ = self.read()
            if kind in (b"Z", b"E", b""):
                return kind == b"Z"


def test_f02_an_old_password_does_not_become_the_new_users(restored: Restored) -> None:
    restored.run(f"CREATE ROLE owner LOGIN PASSWORD '{OLD_PASSWORD}'")
    login = Stalled(restored, "owner", OLD_PASSWORD)
    with closing(login.socket):
        restored.prepare(OWNER)
        assert not login.is_let_in()


# --- F3 names of AWS that a customer made ---------------------------------------------------------


def test_f03_a_login_with_a_name_of_aws_is_locked(restored: Restored) -> None:
    restored.run(f"CREATE ROLE rdsproxyadmin LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
                 "GRANT rds_superuser TO rdsproxyadmin")  # fmt: skip

    warnings = told(restored, a_user())

    assert mentions(warnings, "rdsproxyadmin") or restored.refuses("rdsproxyadmin", OLD_PASSWORD)


# --- F4 functions with powers that are reached past EXECUTE and USAGE ----------------------------

FIRE = ("CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "AS $$ BEGIN EXECUTE NEW.note; RETURN NEW; END $$")  # fmt: skip


def test_f04a_a_trigger(restored: Restored) -> None:
    as_operators(restored, FIRE, "REVOKE EXECUTE ON FUNCTION public.fire() FROM PUBLIC",
                 "GRANT EXECUTE ON FUNCTION public.fire() TO shop_owner")  # fmt: skip
    as_shop_owner(restored, "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW"
                  " EXECUTE FUNCTION public.fire()")  # fmt: skip

    warnings = told(restored, WRITER)

    assert mentions(warnings, "fire") or not restored.may(
        "writer", f"INSERT INTO orders VALUES (5, '{BACK}')"
    )


def test_f04b_a_trigger_of_the_master(restored: Restored) -> None:
    restored.run(FIRE, "REVOKE EXECUTE ON FUNCTION public.fire() FROM PUBLIC",
                 "GRANT EXECUTE ON FUNCTION public.fire() TO shop_owner")  # fmt: skip
    as_shop_owner(restored, "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW"
                  " EXECUTE FUNCTION public.fire()")  # fmt: skip

    warnings = told(restored, WRITER)

    assert mentions(warnings, "fire") or not restored.may(
        "writer", f"INSERT INTO orders VALUES (5, '{BACK}')"
    )


def test_f04c_an_aggregate(restored: Restored) -> None:
    """Its owner, not its caller, needs EXECUTE on its parts."""
    as_operators(
        restored,
        "CREATE FUNCTION public.step(text, text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER "
        "AS $$ BEGIN EXECUTE $2; RETURN $2; END $$",
        "REVOKE EXECUTE ON FUNCTION public.step(text, text) FROM PUBLIC",
        "CREATE AGGREGATE public.run_all(text) (SFUNC = public.step, STYPE = text, INITCOND = '')",
    )

    warnings = told(restored, a_user())

    assert mentions(warnings, "step") or not restored.may("reader", f"SELECT run_all('{BACK}')")


def test_f04d_a_range(restored: Restored) -> None:
    """Nobody needs EXECUTE on the difference of a range's type."""
    as_operators(
        restored,
        "CREATE FUNCTION public.diff(text, text) RETURNS float8 IMMUTABLE LANGUAGE plpgsql "
        "SECURITY DEFINER AS $$ BEGIN IF $1 LIKE 'CREATE%' THEN EXECUTE $1; END IF; "
        "IF $2 LIKE 'CREATE%' THEN EXECUTE $2; END IF; RETURN 1; END $$",
        "CREATE TYPE public.texts AS RANGE (subtype = text, subtype_diff = public.diff)",
        "REVOKE EXECUTE ON FUNCTION public.diff(text, text) FROM PUBLIC",
    )

    warnings = told(restored, a_user())

    assert mentions(warnings, "diff") or not restored.may(
        "reader",
        "CREATE TEMP TABLE t (r public.texts); CREATE INDEX ON t USING gist (r);"
        f"INSERT INTO t SELECT public.texts('{BACK}', 'Z') FROM generate_series(1, 1000)",
    )


def test_f04e_a_view_of_a_schema_that_is_closed(restored: Restored) -> None:
    """USAGE on a schema is for finding names; a view has found its function already."""
    as_operators(
        restored, "CREATE SCHEMA hidden", RUN.replace("run(", "hidden.run("),
        "CREATE VIEW public.door AS SELECT 1 AS one"
        " WHERE hidden.run(pg_catalog.current_setting('my.command')) IS NULL",
    )  # fmt: skip

    warnings = told(restored, a_user())

    assert mentions(warnings, "hidden.run") or not restored.may(
        "reader", f"SET my.command = '{BACK}'; SELECT * FROM door"
    )


def test_f04f_a_member_of_an_extension(restored: Restored) -> None:
    """Whoever owns a trusted extension may add functions to it (tried with hstore on 15).

    Without contrib here, the superuser stands in for an extension's owner.
    """
    as_operators(restored, RUN)
    restored.as_superuser("ALTER EXTENSION plpgsql ADD FUNCTION public.run(text)")

    warnings = told(restored, a_user())

    assert mentions(warnings, "run") or not restored.may("reader", f"SELECT run('{BACK}')")


def test_f04g_a_function_in_template1(restored: Restored) -> None:
    """On RDS it belongs to the master user; until 14 everybody may create in it."""
    restored.as_superuser(f"ALTER DATABASE template1 OWNER TO {MASTER}")
    as_operators(restored, RUN, database="template1")

    warnings = told(restored, a_user())

    assert mentions(warnings, "template1") or not restored.may(
        "reader", f"SELECT run('{BACK}')", database="template1"
    )


def test_f04h_a_function_behind_twenty_others(restored: Restored) -> None:
    """Names that sort first push the one that matters out of the sentence."""
    as_shop_owner(restored, RUN, *(
        f"CREATE FUNCTION public.a{n:02}() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
        for n in range(20)
    ))  # fmt: skip

    assert mentions(told(restored, a_user()), "run(text)")


# --- F5 event triggers ---------------------------------------------------------------------------


def test_f05a_one_whose_function_the_owner_can_replace_is_told(restored: Restored) -> None:
    make_event_triggers(restored, MASTER)  # its function belongs to shop_owner

    warnings = told(restored, OWNER)

    if not mentions(warnings, "at_the_end"):
        restored.run("SET ROLE shop_owner", "CREATE OR REPLACE FUNCTION public.fire() RETURNS "
                     "event_trigger LANGUAGE plpgsql AS $$BEGIN IF current_user = 'app_master' THEN"
                     " EXECUTE 'ALTER ROLE owner CREATEROLE'; END IF; END$$", user="owner")  # fmt: skip
        restored.run("CREATE TABLE public.by_the_master_later ()")
        assert restored.run("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'owner'") == [
            (False,)
        ]


AT_LOGIN = (
    "CREATE FUNCTION public.at_login() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF current_user = 'app_master' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') "
    "THEN EXECUTE 'CREATE ROLE sprung_' || txid_current(); END IF; END$$",
    "CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION public.at_login()",
    "ALTER FUNCTION public.at_login() OWNER TO shop_owner",
)
ONES_THAT_SPRUNG = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sprung%'"


def test_f05b_one_at_the_login_to_the_maintenance_database_is_refused(restored: Restored) -> None:
    if True:
        pytest.skip("PostgreSQL 17 and later")
    restored.as_superuser(*AT_LOGIN, database="postgres")

    with pytest.raises(ValidationFailed):
        restored.prepare(a_user())


def test_f05c_one_at_the_login_to_roll_back_does_not_run(restored: Restored) -> None:
    if True:
        pytest.skip("PostgreSQL 17 and later")
    restored.restart(max_prepared_transactions=5)
    restored.run(DBA)
    with restored.connected("dba", OLD_PASSWORD, "warehouse") as opened:
        for statement in ("BEGIN", "CREATE ROLE late LOGIN", "PREPARE TRANSACTION 'x'"):
            opened.cursor().execute(statement)
    restored.as_superuser(*AT_LOGIN, database="warehouse")

    told(restored, a_user())

    assert restored.as_superuser(ONES_THAT_SPRUNG) == []


# --- F6 IAM users inherit what rds_iam has --------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("GRANT shop_owner TO rds_iam WITH INHERIT FALSE, SET TRUE",
         "pg_has_role('reader', 'shop_owner', 'SET')"),
        ("GRANT DELETE ON billing.invoices TO rds_iam",
         "has_table_privilege('reader', 'billing.invoices', 'DELETE')"),
        ("ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO rds_iam",
         "has_table_privilege('reader', 'public.later', 'DELETE')"),
    ],
)  # fmt: skip
def test_f06_what_rds_iam_has_is_told(restored: Restored, statement: str, question: str) -> None:
    restored.run(statement)

    warnings = told(restored, IAM_READER)

    restored.run("CREATE TABLE public.later ()")
    assert (
        mentions(warnings, "rds_iam")
        or mentions(warnings, "shop_owner")
        or (restored.as_superuser(f"SELECT {question}") == [(False,)])
    )


# --- F7 an owner gets all that the roles have which own ------------------------------------------


def test_f07a_in_other_databases(restored: Restored) -> None:
    restored.run("GRANT shop_owner TO CURRENT_USER", "ALTER DATABASE warehouse OWNER TO shop_owner",
                 "REVOKE shop_owner FROM CURRENT_USER")  # fmt: skip
    as_shop_owner(restored, "CREATE TABLE public.stock (i int)", database="warehouse")

    warnings = told(restored, OWNER)

    assert mentions(warnings, "warehouse") or not restored.may(
        "owner", "DROP TABLE stock", database="warehouse"
    )


def test_f07b_in_other_schemas(restored: Restored) -> None:
    restored.run("GRANT USAGE ON SCHEMA billing TO accountants",
                 "GRANT ALL ON billing.invoices TO accountants",
                 "GRANT accountants TO shop_owner")  # fmt: skip

    warnings = told(restored, OWNER)

    assert mentions(warnings, "accountants") or not restored.may(
        "owner", "DELETE FROM billing.invoices"
    )


def test_f07c_over_roles(restored: Restored) -> None:
    """dba has no CREATEROLE any more, and still administers what it made."""
    restored.run(DBA, "GRANT CREATE ON SCHEMA public TO dba")
    restored.run("CREATE ROLE child", "CREATE TABLE helper (i int)", user="dba",
                 password=OLD_PASSWORD)  # fmt: skip
    restored.run("GRANT USAGE ON SCHEMA billing TO child", "GRANT ALL ON billing.invoices TO child")

    restored.prepare(OWNER, a_user())

    with suppress(psycopg2.Error):
        restored.run("SET ROLE dba", "GRANT child TO reader", user="owner")
    assert not restored.may("reader", "DELETE FROM billing.invoices")


def test_f07d_powers_taken_from_a_group_are_told(restored: Restored) -> None:
    as_operators(restored, "CREATE TABLE public.theirs (i int)")

    assert mentions(told(restored, OWNER), "operators")


# --- F8 what everybody may do, and nobody tells ---------------------------------------------------


def test_f08a_where_everybody_may_not_connect_but_the_user_may(restored: Restored) -> None:
    restored.run("REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
                 "GRANT USAGE ON SCHEMA billing TO PUBLIC",
                 "GRANT ALL ON billing.invoices TO PUBLIC")  # fmt: skip

    warnings = told(restored, a_user())

    assert mentions(warnings, "billing.invoices") or not restored.may(
        "reader", "DELETE FROM billing.invoices"
    )


def test_f08b_make_schemas_in_another_database(restored: Restored) -> None:
    restored.run("GRANT CREATE ON DATABASE warehouse TO PUBLIC")

    warnings = told(restored, a_user())

    assert mentions(warnings, "warehouse") or not restored.may(
        "reader", "CREATE SCHEMA mine", database="warehouse"
    )


IN_BILLING = "GRANT USAGE ON SCHEMA billing TO PUBLIC"
SERVER = (
    "CREATE FOREIGN DATA WRAPPER anything",
    "CREATE SERVER production FOREIGN DATA WRAPPER anything",
)


@pytest.mark.parametrize(
    ("given", "word", "done"),
    [
        ((IN_BILLING, "CREATE SEQUENCE billing.bills",
          "GRANT ALL ON SEQUENCE billing.bills TO PUBLIC"),
         "billing.bills", "SELECT setval('billing.bills', 7)"),
        ((IN_BILLING, "GRANT TRIGGER ON billing.invoices TO PUBLIC"), "billing.invoices",
         "CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
         "CREATE TRIGGER t BEFORE INSERT ON billing.invoices FOR EACH ROW"
         " EXECUTE FUNCTION pg_temp.f()"),
        (("SELECT lo_create(4711)", "GRANT ALL ON LARGE OBJECT 4711 TO PUBLIC"), "arge object",
         "SELECT lo_put(4711, 0, 'x')"),
        ((), "arge object", "SELECT lo_from_bytea(0, 'x')"),
        ((*SERVER, "GRANT USAGE ON FOREIGN SERVER production TO PUBLIC"), "production",
         "CREATE USER MAPPING FOR CURRENT_USER SERVER production"),
        ((*SERVER, "CREATE USER MAPPING FOR PUBLIC SERVER production OPTIONS (user 'x')"),
         "production", "SELECT"),
        (("GRANT SET ON PARAMETER session_replication_role TO PUBLIC",), "session_replication_role",
         "SET session_replication_role = replica"),
    ],
    ids=["sequences", "triggers", "large objects", "own large objects", "foreign servers",
         "user mappings", "parameters"],
)  # fmt: skip
def test_f08c_other_kinds(restored: Restored, given, word: str, done: str) -> None:
    if given:
        restored.as_superuser(*given)

    warnings = told(restored, a_user())

    assert mentions(warnings, word) or not restored.may("reader", done)


def test_f08d_maintain(restored: Restored) -> None:
    if True:
        pytest.skip("PostgreSQL 17 and later")
    as_shop_owner(restored, "GRANT MAINTAIN ON orders TO PUBLIC")

    warnings = told(restored, a_user())

    assert mentions(warnings, "MAINTAIN") or not restored.may(
        "reader", "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"
    )


def test_f08e_a_view_of_an_owner_with_powers_over_data(restored: Restored) -> None:
    restored.run("CREATE ROLE operators", "GRANT pg_read_all_data, pg_write_all_data TO operators",
                 "GRANT operators TO CURRENT_USER", "GRANT CREATE ON SCHEMA public TO operators",
                 "SET ROLE operators",
                 "CREATE VIEW public.door AS SELECT * FROM billing.invoices")  # fmt: skip
    restored.run("REVOKE operators FROM CURRENT_USER")

    warnings = told(restored, WRITER)

    assert mentions(warnings, "door") or not restored.may("writer", "DELETE FROM door")


def test_f08f_a_subscription_of_a_locked_login(restored: Restored) -> None:
    restored.run(DBA, "GRANT CREATE ON DATABASE shop TO dba")
    restored.as_superuser("GRANT pg_create_subscription TO dba")
    with restored.connected("dba", OLD_PASSWORD) as opened:
        opened.cursor().execute("CREATE SUBSCRIPTION pull CONNECTION 'host=prod user=x password=y'"
                                " PUBLICATION p WITH (connect = false, slot_name = 's')")  # fmt: skip
        opened.cursor().execute("ALTER SUBSCRIPTION pull ENABLE")

    warnings = told(restored, a_user())

    enabled = restored.as_superuser("SELECT subenabled FROM pg_subscription")
    assert mentions(warnings, "pull") or enabled == [(False,)]


# --- F9 an owner that owned more than tables ------------------------------------------------------

AS_SUPERUSER = "as superuser"


@pytest.mark.parametrize(
    "made",
    [
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE STATISTICS public.both ON id, note FROM orders",
        "CREATE TEXT SEARCH CONFIGURATION public.words (COPY = pg_catalog.simple)",
        'CREATE COLLATION public.plain FROM "C"',
    ],
)
def test_f09a_in_a_schema_that_is_not_its_own(restored: Restored, made: str) -> None:
    as_shop_owner(restored, made)

    restored.prepare(a_user("shop_owner", "owner"))


def test_f09b_a_function_when_it_owned_the_database_too(restored: Restored) -> None:
    """In the order in which they came to it: the database first happens to work."""
    as_shop_owner(restored, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    give_database_to_shop_owner(restored)

    restored.prepare(a_user("shop_owner", "owner"))


def test_f09c_a_schema_in_a_database_of_somebody_else(restored: Restored) -> None:
    restored.run("CREATE ROLE dbo", "GRANT dbo, shop_owner TO CURRENT_USER",
                 "CREATE SCHEMA sales AUTHORIZATION shop_owner", "ALTER DATABASE shop OWNER TO dbo",
                 "REVOKE dbo, shop_owner FROM CURRENT_USER")  # fmt: skip

    restored.prepare(a_user("shop_owner", "owner"))


@pytest.mark.parametrize(
    "made",
    [
        ("CREATE PUBLICATION cdc FOR ALL TABLES",),
        ("CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
         "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.e()"),
        SERVER,
    ],
    ids=["publication", "event trigger", "foreign server"],
)  # fmt: skip
def test_f09d_what_only_an_administrator_can_own(restored: Restored, made) -> None:
    """On RDS rds_superuser makes these; afterwards nobody new can own them."""
    restored.as_superuser("ALTER ROLE shop_owner SUPERUSER", "SET ROLE shop_owner", *made,
                          "RESET ROLE", "ALTER ROLE shop_owner NOSUPERUSER")  # fmt: skip

    restored.prepare(a_user("shop_owner", "owner"))


# --- F10 databases that the master user cannot enter ----------------------------------------------


@pytest.mark.parametrize("database", ["shop", "warehouse"])
def test_f10a_one_that_only_its_owner_may_connect_to(restored: Restored, database: str) -> None:
    restored.run("CREATE ROLE dbo", "GRANT dbo TO CURRENT_USER",
                 f"ALTER DATABASE {database} OWNER TO dbo", "SET ROLE dbo",
                 f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "RESET ROLE",
                 "REVOKE dbo FROM CURRENT_USER")  # fmt: skip

    restored.prepare(a_user())


@pytest.mark.parametrize("database", ["shop", "warehouse"])
def test_f10b_one_without_connections(restored: Restored, database: str) -> None:
    restored.run(f"ALTER DATABASE {database} CONNECTION LIMIT 0")

    with suppress(ValidationFailed):  # a refusal that says why, rather than 'try again'
        restored.prepare(a_user())


def test_f10c_one_that_was_half_dropped(restored: Restored) -> None:
    restored.as_superuser("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'warehouse'")

    restored.prepare(a_user())


# --- F11 names and texts ----------------------------------------------------------------------------


def test_f11a_a_login_whose_name_sounds_like_a_passing_trouble(restored: Restored) -> None:
    restored.run("CREATE ROLE disaster_recovery LOGIN")

    restored.prepare(a_user())


@pytest.mark.parametrize("made", ['CREATE ROLE "café" LOGIN',
                                  'CREATE DATABASE "café" TEMPLATE template0'])  # fmt: skip
def test_f11b_a_name_in_another_encoding(restored: Restored, made: str) -> None:
    restored.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    restored.run(made, database="latin")

    with suppress(RestoreError):  # any error that is ours
        restored.prepare(a_user())


def test_f11c_a_setting_that_nobody_can_carry(restored: Restored) -> None:
    restored.run(READER)
    with restored.connected("reader", OLD_PASSWORD) as opened:
        for statement in ("BEGIN ISOLATION LEVEL SERIALIZABLE",
                          "ALTER ROLE reader SET transaction_isolation = 'serializable'",
                          "COMMIT"):  # fmt: skip
            opened.cursor().execute(statement)

    restored.prepare(a_user())


# --- F12 others that stop it, or tell it wrongly ---------------------------------------------------


def test_f12a_an_open_transaction_on_a_role(restored: Restored) -> None:
    with restored.connected("shop_app", OLD_PASSWORD) as opened:
        opened.cursor().execute("BEGIN; ALTER ROLE shop_app PASSWORD 'another'")

        restored.prepare(a_user())


def test_f12b_a_warning_outlives_the_call_that_fails(restored: Restored) -> None:
    restored.run(READER)
    restored.as_superuser("ALTER ROLE reader SET log_statement = 'all'")
    with pytest.raises(RestoreError):
        restored.prepare(a_user(), a_user("other", schemas=("lost",)))

    assert mentions(restored.prepare(a_user()).warnings, "log_statement")


def test_f12c_a_membership_without_set(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    restored.run(DBA, "GRANT dba TO CURRENT_USER WITH INHERIT TRUE, SET FALSE")
    with restored.connected("dba", OLD_PASSWORD) as opened:
        for statement in ("BEGIN", "CREATE ROLE late LOGIN", "PREPARE TRANSACTION 'x'"):
            opened.cursor().execute(statement)

    restored.prepare(a_user())


def test_f12d_everybody_may_create_by_two_grantors(restored: Restored) -> None:
    restored.run("GRANT CREATE ON SCHEMA public TO PUBLIC",
                 "GRANT CREATE ON SCHEMA public TO shop_owner WITH GRANT OPTION")  # fmt: skip
    as_shop_owner(restored, "GRANT CREATE ON SCHEMA public TO PUBLIC")

    restored.prepare(a_user())


def test_f12e_a_login_whose_maker_is_gone(restored: Restored) -> None:
    """16: nobody but a superuser administers it any more. Named, but not to be mended."""
    restored.run(DBA)
    restored.run("CREATE ROLE child LOGIN", user="dba", password=OLD_PASSWORD)
    restored.run("DROP ROLE dba")

    restored.prepare(a_user())


def test_f12f_a_table_that_an_extension_adopted(restored: Restored) -> None:
    as_shop_owner(restored, "CREATE TABLE public.adopted (i int)")
    restored.as_superuser("ALTER EXTENSION plpgsql ADD TABLE public.adopted")

    warnings = told(restored, a_user())

    assert mentions(warnings, "adopted") or restored.may("reader", "SELECT FROM adopted")


def test_f12g_a_default_that_the_writer_may_not_call(restored: Restored) -> None:
    as_shop_owner(restored, "CREATE FUNCTION public.n() RETURNS int LANGUAGE sql AS 'SELECT 9'",
                  "REVOKE EXECUTE ON FUNCTION public.n() FROM PUBLIC",
                  "ALTER TABLE orders ALTER id SET DEFAULT public.n()")  # fmt: skip

    warnings = told(restored, WRITER)

    assert mentions(warnings, "n()") or restored.may("writer", "INSERT INTO orders DEFAULT VALUES")
