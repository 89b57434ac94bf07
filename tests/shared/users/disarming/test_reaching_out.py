"""Nothing of a snapshot acts by itself or leads to production's systems once it is prepared."""

import pytest

from shared.errors import ValidationFailed
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import mentions
from tests.shared.users.hostile.test_event_triggers import make_event_triggers
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing

SUBSCRIPTION = (
    "CREATE SUBSCRIPTION from_production CONNECTION 'host=production password=secret'"
    " PUBLICATION all_of_it WITH (connect = false, slot_name = 'the_real_one')",
    "ALTER SUBSCRIPTION from_production ENABLE",
)
STATE = "SELECT subname, subenabled, subslotname FROM pg_subscription"
# What pg_cron makes, in PL/pgSQL and without the worker that runs jobs.
PG_CRON = (
    "CREATE SCHEMA cron",
    "CREATE TABLE cron.job (jobid bigserial PRIMARY KEY, schedule text, command text,"
    " database text, username text DEFAULT CURRENT_USER)",
    "ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY cron_job_policy ON cron.job USING (username = CURRENT_USER)",
    "CREATE FUNCTION cron.unschedule(id bigint) RETURNS bool SECURITY DEFINER LANGUAGE sql AS"
    " 'DELETE FROM cron.job WHERE jobid = id RETURNING true'",
    "GRANT USAGE ON SCHEMA cron TO rds_superuser WITH GRANT OPTION",
    "GRANT SELECT, INSERT ON cron.job TO PUBLIC",
    "GRANT USAGE ON SEQUENCE cron.job_jobid_seq TO PUBLIC",
    "SET allow_system_table_mods = on",
    "INSERT INTO pg_extension SELECT 60000, 'pg_cron', oid, 'cron'::regnamespace, false, '1.6'"
    " FROM pg_roles WHERE rolname = 'rdsadmin'",
    "ALTER EXTENSION pg_cron ADD TABLE cron.job",
    "ALTER EXTENSION pg_cron ADD FUNCTION cron.unschedule(bigint)",
)
JOB = "INSERT INTO cron.job (schedule, command, database) VALUES ('* * * * *', 'SELECT 1', 'shop')"


def install_pg_cron(restored: Restored, *users: str, database: str = "shop") -> None:
    restored.as_superuser(*PG_CRON, database=database)
    for user in users:
        restored.as_superuser(
            f"GRANT USAGE ON SCHEMA cron TO {user}",
            f"SET ROLE {user}",
            JOB,
            JOB,
            database=database,
        )


@pytest.mark.parametrize("owner", ["shop_owner", MASTER])
def test_a_subscription_is_disabled_and_detached(restored: Restored, owner: str) -> None:
    restored.as_superuser(
        *SUBSCRIPTION,
        f"GRANT pg_create_subscription TO {owner}",
        f"GRANT CREATE ON DATABASE shop TO {owner}",
        f"ALTER SUBSCRIPTION from_production OWNER TO {owner}",
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "In shop", "from_production", "disabled", "detached")
    assert restored.as_superuser(STATE) == [("from_production", False, None)]
    assert not mentions(restored.prepare(a_user()).warnings, "detached")


def test_one_that_cannot_be_disabled_stops_the_restore(restored: Restored) -> None:
    restored.as_superuser(*SUBSCRIPTION)

    with failing(ValidationFailed, "from_production", "rdsadmin", "production"):
        restored.prepare(a_user())


def test_so_does_one_in_a_database_that_nobody_can_enter(restored: Restored) -> None:
    restored.as_superuser(*SUBSCRIPTION, database="warehouse")
    restored.as_superuser("ALTER DATABASE warehouse CONNECTION LIMIT 0")

    with failing(ValidationFailed, "warehouse", "subscriptions"):
        restored.prepare(a_user())


def test_jobs_are_unscheduled_whoever_has_them(restored: Restored) -> None:
    """Also of a user of the templates: its new role has the name that the jobs run under."""
    restored.run(f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'")
    install_pg_cron(restored, "shop_owner", "reader", MASTER)

    warnings = restored.prepare(a_user()).warnings

    assert restored.as_superuser("SELECT * FROM cron.job") == []
    for user in ("shop_owner", "reader", MASTER):
        assert mentions(warnings, "In shop", f"jobs of {user} were unscheduled")


def test_jobs_are_found_in_a_database_that_no_template_names(restored: Restored) -> None:
    install_pg_cron(restored, "shop_owner", database="postgres")

    restored.prepare(a_user())

    assert restored.as_superuser("SELECT * FROM cron.job", database="postgres") == []


def test_what_only_looks_like_pg_cron_is_not_called(restored: Restored) -> None:
    install_pg_cron(restored, "shop_owner")
    restored.as_superuser(
        "ALTER FUNCTION cron.unschedule(bigint) OWNER TO shop_owner",
        "CREATE OR REPLACE FUNCTION cron.unschedule(id bigint) RETURNS bool LANGUAGE plpgsql AS"
        " $$ BEGIN CREATE ROLE left_behind; RETURN true; END $$",
    )

    with failing(ValidationFailed, "pg_cron", "do not belong to AWS"):
        restored.prepare(a_user())

    assert restored.as_superuser("SELECT FROM pg_roles WHERE rolname = 'left_behind'") == []


def test_passwords_of_other_systems_are_dropped(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE FOREIGN DATA WRAPPER anything",
        "CREATE SERVER production FOREIGN DATA WRAPPER anything",
        "ALTER SERVER production OWNER TO shop_owner",
        "CREATE USER MAPPING FOR PUBLIC SERVER production OPTIONS (password 'secret')",
        "CREATE USER MAPPING FOR shop_app SERVER production OPTIONS (password 'secret')",
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "user mappings were dropped", "of public to production", "shop_app")
    assert restored.as_superuser("SELECT * FROM pg_user_mappings") == []


def test_a_user_mapping_out_of_reach_is_reported(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE FOREIGN DATA WRAPPER anything",
        "CREATE SERVER production FOREIGN DATA WRAPPER anything",
        "CREATE USER MAPPING FOR shop_app SERVER production OPTIONS (password 'secret')",
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "could not be dropped", "of shop_app to production")
    assert mentions(warnings, "can still connect", "production")


@pytest.mark.parametrize("publications", ["drop", "keep"])
def test_publications_and_slots_are_dropped_unless_they_are_kept(
    restored: Restored, publications: str
) -> None:
    restored.as_superuser(
        "CREATE PUBLICATION orders_only FOR TABLE orders",
        "ALTER PUBLICATION orders_only OWNER TO shop_owner",
        "SELECT pg_create_physical_replication_slot('a_slot', true)",
    )

    warnings = restored.prepare(a_user(), publications=publications).warnings

    left = restored.as_superuser(
        "SELECT pubname FROM pg_publication UNION SELECT slot_name FROM pg_replication_slots"
    )
    assert sorted(left) == ([] if publications == "drop" else [("a_slot",), ("orders_only",)])
    assert mentions(warnings, "dropped", "orders_only") == (publications == "drop")
    assert mentions(warnings, "slots were dropped", "a_slot") == (publications == "drop")


def test_event_triggers_do_not_fire_meanwhile(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE PUBLICATION orders_only FOR TABLE orders",
        "ALTER PUBLICATION orders_only OWNER TO shop_owner",
    )
    make_event_triggers(restored, MASTER)

    restored.prepare(a_user())

    assert restored.as_superuser("SELECT FROM pg_roles WHERE rolname LIKE 'left%'") == []


def test_jobs_of_a_name_that_is_a_users_now_are_unscheduled(restored: Restored) -> None:
    """Of a role that may no longer use the schema, and of one that production has dropped."""
    restored.run(f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'")
    install_pg_cron(restored, "reader")
    restored.as_superuser(
        "REVOKE USAGE ON SCHEMA cron FROM reader",
        "INSERT INTO cron.job (schedule, command, username) VALUES ('* * * * *', 'x', 'writer')",
    )

    warnings = restored.prepare(a_user(), a_user("writer", "read_write")).warnings

    assert restored.as_superuser("SELECT * FROM cron.job") == []
    assert mentions(warnings, "jobs of reader were unscheduled")
    assert mentions(warnings, "jobs of writer were unscheduled")
    usage = "SELECT has_schema_privilege('writer', 'cron', 'USAGE')"
    assert restored.as_superuser(usage) == [(False,)]


def test_a_job_that_cannot_be_unscheduled_stops_the_restore(restored: Restored) -> None:
    install_pg_cron(restored, "shop_owner")
    restored.as_superuser("REVOKE EXECUTE ON FUNCTION cron.unschedule(bigint) FROM PUBLIC")

    with failing(ValidationFailed, "Job 1 of shop_owner", "cron.unschedule"):
        restored.prepare(a_user())


def test_an_event_trigger_stops_nothing_where_there_is_nothing_to_disarm(
    restored: Restored,
) -> None:
    restored.as_superuser(
        "CREATE FUNCTION public.fire() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION public.fire()",
        "ALTER FUNCTION public.fire() OWNER TO shop_owner",
        database="warehouse",
    )

    assert mentions(restored.prepare(a_user()).warnings, "In warehouse", "event trigger audit")
