"""One PostgreSQL server: a data directory, and the process that serves it at times."""

import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn

from local.postgres.aurora import (
    ADMINISTRATOR,
    DATABASE_STATEMENTS,
    HOST_BASED_AUTHENTICATION,
    INSTANCE_SETTING,
    OWN_DATABASE,
    ROLE_STATEMENTS,
    SCRAM_ITERATIONS,
    SETTINGS,
    quoted_text,
)
from local.postgres.installation import Installation, ProgramError

SOCKET_PORT = 5432
START_SECONDS = 60
STOP_SECONDS = 20


class Server:
    """A data directory, and the process that serves it on a Unix socket once started."""

    def __init__(self, installation: Installation, data: Path, sockets: Path) -> None:
        self.data = data
        self.socket = sockets / f".s.PGSQL.{SOCKET_PORT}"
        self._installation = installation
        self._log = data.with_suffix(".log")
        self._process: subprocess.Popen[str] | None = None
        self.writer = ""

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, writer: str = "") -> None:
        """Start, and return when connections are accepted; crash recovery comes before that.

        `writer` is what `aurora_db_instance_identifier()` says.
        """
        self._note_writer(writer)
        self.socket.parent.mkdir(exist_ok=True)
        self._installation.account.own(self.socket.parent)
        with self._log.open("a") as log:
            self._process = self._installation.start(
                "postgres", "-D", self.data, "-k", self.socket.parent, "-p", str(SOCKET_PORT),
                stdin=subprocess.DEVNULL, stdout=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts_connections():
            if not self.is_running or time.monotonic() > deadline:
                self.stop(signal.SIGQUIT)
                raise ProgramError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.002)

    def change_writer(self, writer: str) -> None:
        """Let another instance be the one that answers, without interrupting anybody."""
        self._note_writer(writer)
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def _note_writer(self, writer: str) -> None:
        self.writer = writer
        settings = self.data / "aurora.conf"
        settings.write_text(f"{INSTANCE_SETTING} = {quoted_text(writer)}\n")
        self._installation.account.own(settings)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Disconnect everybody and stop: SIGINT leaves a clean volume, SIGQUIT is a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def execute(self, statements: Sequence[str], password: str) -> None:
        """Run statements as the administrator, whether the server is running or not."""
        if self.is_running:
            dsn = self.dsn("postgres", ADMINISTRATOR, password)
            with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
                connection.autocommit = True
                for statement in statements:
                    cursor.execute(statement)
        else:
            execute_alone(self._installation, self.data, statements)

    def dsn(self, database: str, username: str, password: str | None) -> str:
        """How to connect directly, past TLS.

        The empty `hostaddr` keeps libpq from taking the one in the environment.
        """
        return str(
            make_dsn(
                host=str(self.socket.parent),
                hostaddr="",
                port=SOCKET_PORT,
                dbname=database,
                user=username,
                password=password,
            )
        )

    def delete(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.socket.parent, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    def _accepts_connections(self) -> bool:
        """PostgreSQL writes its status into the eighth line of its lock file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"


def initialize(installation: Installation, data: Path, password: str) -> None:
    """Make a data directory as Aurora has it before there is a master user."""
    draft, password_file = installation.home / "draft", installation.home / "password"
    password_file.write_text(password)
    installation.account.own(password_file)
    installation.run(
        "initdb", "-D", draft, "-U", ADMINISTRATOR, "--pwfile", password_file,
        "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--wal-segsize=1", "--no-sync",
        "--no-instructions", f"--set={SCRAM_ITERATIONS}",
    )  # fmt: skip
    password_file.unlink()
    (draft / "postgresql.conf").write_text(SETTINGS)
    (draft / "pg_hba.conf").write_text(HOST_BASED_AUTHENTICATION)
    execute_alone(installation, draft, ROLE_STATEMENTS)
    for database in ("template1", "postgres"):
        execute_alone(installation, draft, DATABASE_STATEMENTS, database)
    execute_alone(installation, draft, [OWN_DATABASE])
    draft.rename(data)


def execute_alone(
    installation: Installation, data: Path, statements: Sequence[str], database: str = "postgres"
) -> None:
    """Run statements on a data directory that no server has open."""
    installation.run(
        "postgres", "--single", "-j", "-c", "exit_on_error=on", "-D", data, database,
        text="".join(f"{statement};\n\n" for statement in statements),
    )  # fmt: skip
