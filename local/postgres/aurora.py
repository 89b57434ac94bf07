"""What makes a PostgreSQL look like Aurora's from inside: its settings, roles and databases."""

# Aurora's own superuser, which no customer can log in as.
ADMINISTRATOR = "rdsadmin"

# Rounds of hashing make a stolen hash worthless. Here they would only make every login slower.
SCRAM_ITERATIONS = "scram_iterations = 1"

# Nothing has to survive the machine, so nothing is flushed; small files make small snapshots.
SETTINGS = f"""
listen_addresses = ''
max_connections = 60
shared_buffers = 16MB
fsync = off
wal_level = replica
wal_recycle = off
wal_init_zero = off
min_wal_size = 2MB
max_wal_size = 256MB
checkpoint_timeout = 1h
max_wal_senders = 0
max_logical_replication_workers = 0
autovacuum = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
{SCRAM_ITERATIONS}
log_min_error_statement = panic  # statements may hold passwords
include_if_exists = 'aurora.conf'  # which instance it is
"""

INSTANCE_SETTING = "aurora.instance_identifier"

HOST_BASED_AUTHENTICATION = f"""
local rdsadmin {ADMINISTRATOR} scram-sha-256
local rdsadmin all reject
local all all scram-sha-256
"""

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
# Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
# It opens no database: since 14.7 and 15.2 its members need CONNECT like everybody else.
ROLE_STATEMENTS = (
    "CREATE ROLE rds_superuser NOLOGIN",
    "CREATE ROLE rds_iam NOLOGIN",
    "CREATE ROLE rds_password NOLOGIN",
    "CREATE ROLE rds_replication NOLOGIN",
    "GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION",
    # To give away, not to have: a master user reads no table just because of who it is.
    "GRANT pg_read_all_data, pg_write_all_data, rds_iam, rds_password, rds_replication"
    " TO rds_superuser WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
)

# What every database has. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
# aurora_db_instance_identifier.html
DATABASE_STATEMENTS = (
    "SET allow_system_table_mods = on",
    "CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text LANGUAGE sql STABLE"
    f" AS $$ SELECT pg_catalog.current_setting('{INSTANCE_SETTING}') $$",
    # Members of rds_superuser drop replication slots without the attribute REPLICATION.
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
    # AuroraPostgreSQL.Replication.Logical.Stop.html
    "ALTER FUNCTION pg_catalog.pg_drop_replication_slot(name) RENAME TO pg_drop_slot_as_superuser",
    "CREATE FUNCTION pg_catalog.pg_drop_replication_slot(slot_name name) RETURNS void"
    " LANGUAGE internal VOLATILE STRICT SECURITY DEFINER AS 'pg_drop_replication_slot'",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_drop_replication_slot(name) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_drop_replication_slot(name)"
    " TO rds_superuser, rds_replication",
)
# Made last, it has what the others have.
OWN_DATABASE = "CREATE DATABASE rdsadmin"


# What an upgrade from PostgreSQL 15 leaves: AWS's superuser has granted every membership, since
# versions before 16 do not record reliably who has; and nobody administers a role for having
# created it, as since 16. (pg_dumpall, dumpRoleMembership; PostgreSQL 16 release notes)
UPGRADE = f"""
DO $upgrade$
DECLARE held record;
BEGIN
    FOR held IN
        SELECT roleid::regrole AS role, member::regrole AS member, grantor::regrole AS grantor,
               CASE WHEN admin_option THEN ' WITH ADMIN OPTION' ELSE '' END AS how,
               grantor = '{ADMINISTRATOR}'::regrole AS is_amazons,
               admin_option AND NOT inherit_option AND NOT set_option AS is_by_creation
        FROM pg_auth_members WHERE member::regrole::text !~ '^(rds|pg)_'
    LOOP
        CONTINUE WHEN held.is_amazons AND NOT held.is_by_creation;
        EXECUTE format('REVOKE %s FROM %s GRANTED BY %s CASCADE',
                       held.role, held.member, held.grantor);
        CONTINUE WHEN held.is_amazons;
        EXECUTE format('GRANT %s TO %s%s', held.role, held.member, held.how);
    END LOOP;
END $upgrade$
"""


def master_statements(username: str, password: str, database: str | None) -> list[str]:
    """Make the master user, who is no superuser, and the owner of the cluster's databases."""
    user = quoted_name(username)
    statements = [
        f"CREATE ROLE {user} LOGIN CREATEDB CREATEROLE"
        f" PASSWORD {quoted_text(password)} VALID UNTIL 'infinity'",
        f"GRANT rds_superuser TO {user} WITH ADMIN OPTION",
        f"ALTER DATABASE postgres OWNER TO {user}",
    ]
    if database is not None and database != "postgres":
        statements.append(f"CREATE DATABASE {quoted_name(database)} OWNER {user}")
    return statements


def password_statement(username: str, password: str) -> str:
    return f"ALTER ROLE {quoted_name(username)} PASSWORD {quoted_text(password)}"


def quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
