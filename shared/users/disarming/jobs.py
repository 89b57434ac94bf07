"""Jobs of pg_cron, which run by the clock.

pg_cron keeps a job's user as a name: a new role that is called like the old one would run its jobs.
Row-level security shows everybody only the own jobs, so they are unscheduled as each role, whether
or not it may still use the schema. (pg_cron, `pg_cron--1.0.sql`: the policy is `username =
CURRENT_USER`.)
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Identifier

from shared.errors import ValidationFailed
from shared.users.master.powers import acting_as, can_join
from shared.users.master.sessions import Session
from shared.users.wording import listed

# Its table and function, and who owns them: only a superuser's are what pg_cron has made.
_PG_CRON = """
    SELECT pg_catalog.bool_and(r.rolsuper) FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.deptype = 'e'
     AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    LEFT JOIN pg_catalog.pg_class c
      ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid
    LEFT JOIN pg_catalog.pg_proc p
      ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
    JOIN pg_catalog.pg_roles r ON r.oid IN (c.relowner, p.proowner)
    WHERE e.extname = 'pg_cron' AND (c.relname = 'job' OR p.proname = 'unschedule')
"""
_CAN_LOOK = "SELECT pg_catalog.has_schema_privilege(%s, 'cron', 'USAGE')"
_JOBS = "SELECT jobid FROM cron.job WHERE username = CURRENT_USER ORDER BY 1"
_UNSCHEDULE = "SELECT cron.unschedule(%s::pg_catalog.int8)"


def has_pg_cron(session: Session) -> bool:
    """Whether a database has the extension, or what calls itself so."""
    return session.rows("Looking for pg_cron", _PG_CRON) != [(None,)]


def unschedule(session: Session, database: str, users: Iterable[str]) -> Iterator[str]:
    """Unschedule every job of these users; yields what was unscheduled.

    Raises `ValidationFailed` where pg_cron's tables are somebody's who may have made anything of
    them, or a job cannot be unscheduled.
    """
    ((is_awss,),) = session.rows("Looking for pg_cron", _PG_CRON)
    if is_awss is None:
        return
    if not is_awss:
        raise ValidationFailed(
            f"Tables or functions of pg_cron in database {database} do not belong to AWS, so its "
            "jobs cannot be unscheduled safely. Drop the extension in production, then restore "
            "from a snapshot taken after that."
        )
    hidden: list[str] = []
    for user in users:
        if not can_join(session, user):
            hidden.append(user)
            continue
        with _looking(session, user) as can_look:
            jobs = _unscheduled(session, user, database) if can_look else []
        if jobs:
            yield f"In {database}, jobs of {user} were unscheduled: {listed(jobs)}."
        if not can_look:
            hidden.append(user)
    if hidden:
        yield (
            f"In {database}, nobody could look whether pg_cron has jobs of {listed(hidden)}; it "
            "runs those of everybody who can log in."
        )


@contextmanager
def _looking(session: Session, user: str) -> Iterator[bool]:
    """Whether a user may use pg_cron's schema, for the block: it needs no right to have jobs."""
    doing = f"Looking for jobs of {user}"
    if session.rows(doing, _CAN_LOOK, (user,)) == [(True,)]:
        yield True
        return
    name = Identifier(user)
    grant = SQL("GRANT USAGE ON SCHEMA cron TO {}").format(name)
    if not session.attempt(doing, grant, (), InsufficientPrivilege):
        yield False
        return
    yield session.rows(doing, _CAN_LOOK, (user,)) == [(True,)]
    session.run(doing, SQL("REVOKE USAGE ON SCHEMA cron FROM {}").format(name))


def _unscheduled(session: Session, user: str, database: str) -> list[str]:
    doing = f"Unscheduling jobs of {user}"
    with acting_as(session, user, doing):
        if session.refusal(doing, _JOBS, (), InsufficientPrivilege):
            return []
        jobs = [job for (job,) in session.rows(doing, _JOBS)]
        for job in jobs:
            if session.refusal(doing, _UNSCHEDULE, (job,), InsufficientPrivilege):
                raise ValidationFailed(
                    f"Job {job} of {user}, which pg_cron runs in database {database}, cannot be "
                    "unscheduled: EXECUTE on cron.unschedule was revoked. Unschedule it in "
                    "production, then restore from a snapshot taken after that."
                )
    return [str(job) for job in jobs]
