"""How long the commands of the README take, run as a reader runs them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from infra.bundling import ROOT
from local.bench.figures import Figure
from local.rehearsal.scene import ASSEMBLY

_SET_UP = str(ASSEMBLY / ".synthesized")
"""The target of the Makefile that every command needs first."""


def measure_demo() -> Iterator[Figure]:
    """The demo of this working copy."""
    yield _timed("make demo, after set-up", [sys.executable, "-m", "local", "demo"], ROOT, 60)


def measure_synth() -> Iterator[Figure]:
    """The template, as `make synth` writes it when everything is set up."""
    with tempfile.TemporaryDirectory(prefix="aurora-restore-") as folder:
        command = [sys.executable, "-m", "infra.synth", f"{folder}/cdk.out"]
        yield _timed("make synth, after set-up", command, ROOT, 30)


def measure_commands() -> Iterator[Figure]:
    """Set-up and tests of a fresh clone: what is committed counts.

    The package cache is pip's own; the figure is meant for a warm one.
    """
    with tempfile.TemporaryDirectory(prefix="aurora-restore-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        make = ["make", f"PYTHON={sys.executable}"]
        yield _timed("set-up of a fresh clone", [*make, _SET_UP], clone, 240)
        yield _timed("make test, after set-up", [*make, "test"], clone, 300)


def _timed(what: str, command: list[str], folder: Path, limit_seconds: int) -> Figure:
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    seconds = time.monotonic() - begun
    return Figure(
        what,
        f"under {limit_seconds} s",
        f"{seconds:.0f} s" + ("" if done.returncode == 0 else f", failed: {_last_line(done)}"),
        done.returncode == 0 and seconds < limit_seconds,
    )


def _environment() -> dict[str, str]:
    """The environment as a reader's shell has it.

    Without what `make bench` hands down to another make, and what `infra` sets for this process:
    a clone would use this working copy's Node and cache.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "JSII_"))
    }


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
