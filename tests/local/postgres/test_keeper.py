"""Nothing outlives the databases, whether they are closed or their process is killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.local.postgres.clients import MASTER, PASSWORD, PROD, connect, running_databases

OTHER_PROCESS = f"""
import sys, time
from pathlib import Path
from local.postgres import Databases

databases = Databases(Path(sys.argv[1]))
databases.create("prod", "{MASTER}", "secret", None)
databases.serve("prod", ["{PROD}"], 5432)
print("served", flush=True)
time.sleep(600)
"""


def test_closing_leaves_no_process_no_thread_and_no_file() -> None:
    threads = threading.active_count()
    already_there = set(psutil.Process().children(recursive=True))
    with running_databases() as databases:
        databases.create("prod", MASTER, PASSWORD, "shop")
        databases.create("idle", MASTER, PASSWORD, None)
        port = databases.serve("prod", [PROD], 5432)
        with closing(connect(databases, port, PROD)):
            started = set(psutil.Process().children(recursive=True)) - already_there
            places = _places_of(started)

            databases.close()

    assert len(places) > 2
    assert [process for process in started if process.is_running()] == []
    assert [place for place in places if place.exists()] == []
    assert threading.active_count() == threads


def test_closing_twice_is_harmless() -> None:
    with running_databases() as databases:
        databases.close()


def test_servers_end_with_us_even_when_we_are_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"served\n"
        started = psutil.Process(other.pid).children(recursive=True)
        places = _places_of(started)

        other.kill()

    assert len(places) > 2
    _wait_until(lambda: not any(_is_alive(process) for process in started))
    assert [place for place in places if place.exists()] == []


def _places_of(processes: Iterable[psutil.Process]) -> list[Path]:
    """The directories that the servers and their keeper were started with."""
    words = [word for process in processes for word in process.cmdline()]
    return [Path(word) for word in words if word.startswith("/") and Path(word).is_dir()]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
