"""Logins that are under way when the others are locked; no list of sessions shows them yet.

    verifier read ─▶ password checked against it ─▶ role looked up by its name ─▶ session listed
                  └──── a lock comes too late ────┘

A login that began before the lock is checked against the old password. Once authenticated, it
gets whichever role has the name by then, so it could become the new user of that name.
"""

from psycopg2.errors import InsufficientPrivilege

from shared.users.master.sessions import Session

# A login that is not finished is in no list of sessions, but its backend has a transaction.
_UNDER_WAY = """
    SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'virtualxid' AND l.pid <> pg_catalog.pg_backend_pid()
      AND a.usesysid IS NULL AND (a.pid IS NULL OR a.backend_type = 'client backend')
"""
_LONGEST_LOGIN = """
    SELECT setting::pg_catalog.int4 FROM pg_catalog.pg_settings
    WHERE name = 'authentication_timeout'
"""
_WHILE_ONE_LOGS_IN = "SELECT pg_catalog.pg_sleep(0.5)"
_TERMINATE = "SELECT pg_catalog.pg_terminate_backend(%s)"


def logins_under_way(session: Session) -> set[int]:
    """Backends of logins that are under way, except for those that this call ends.

    A login that only pauses after its password was accepted (post_auth_delay) can be ended; one
    whose password the server still awaits cannot.
    """
    rows = session.rows("Listing logins under way", _UNDER_WAY)
    return {
        pid
        for (pid,) in rows
        if not session.attempt(
            "Ending a login under way", _TERMINATE, (pid,), InsufficientPrivilege
        )
    }


class PendingLogins:
    """The logins that were under way in the first round that found everything else locked."""

    def __init__(self) -> None:
        self._backends: set[int] | None = None
        self.waited = 0.0
        """In seconds; 0 when none is left."""

    def are_over(self, session: Session, under_way: set[int]) -> bool:
        """Whether none of them is among those `under_way` now; waits a little if one is.

        The server ends a login that takes longer than its `authentication_timeout`. Anything that
        lasts longer is not a login but, for example, an AWS process.
        """
        self._backends = under_way if self._backends is None else self._backends & under_way
        self.waited = self._wait(session) if self._backends else 0.0
        return not self.waited

    def _wait(self, session: Session) -> float:
        ((longest,),) = session.rows("Checking how long a login may take", _LONGEST_LOGIN)
        if self.waited > longest + 1:
            return 0.0
        session.run("Waiting for logins under way", _WHILE_ONE_LOGS_IN)
        return self.waited + 0.5
