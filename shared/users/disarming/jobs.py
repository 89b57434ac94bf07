"""Jobs of pg_cron, which run by the clock.

pg_cron keeps a job's user as a name: a new role that is called like the old one would run its jobs.
Row-level security shows everybody only the own jobs, so they are unscheduled as each role that may
use the schema. (pg_cron, `pg_cron--1.0.sql`: the policy is `username = CURRENT_USER`.)
"""

from collections.abc import Iterator

from psycopg2.errors import InsufficientPrivilege

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
_USERS = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE NOT rolsuper AND pg_catalog.has_schema_privilege(oid, 'cron', 'USAGE') ORDER BY 1
"""
_JOBS = "SELECT jobid, username::pg_catalog.text FROM cron.job ORDER BY 1"
_UNSCHEDULE = "SELECT cron.unschedule(%s::pg_catalog.int8)"


def unschedule(session: Session, database: str) -> Iterator[str]:
    """Unschedule every job; yields what was unscheduled.

    Raises `ValidationFailed` where pg_cron's tables are somebody's who may have made anything of
    them, or a job stays.
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
    for (user,) in session.rows("Listing who has jobs", _USERS):
        if not can_join(session, user):
            yield f"In {database}, nobody could look for jobs of {user}, who may have some."
            continue
        doing = f"Unscheduling jobs of {user}"
        with acting_as(session, user, doing):
            refused = session.refusal(doing, _JOBS, (), InsufficientPrivilege)
            jobs = [] if refused else session.rows(doing, _JOBS)
            for job, _ in jobs:
                session.run(doing, _UNSCHEDULE, (job,))
        if jobs:
            numbers = listed([str(job) for job, _ in jobs])
            yield f"In {database}, jobs of {user} were unscheduled: {numbers}."
