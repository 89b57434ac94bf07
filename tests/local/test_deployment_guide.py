"""The commands of guides, followed word by word against the local cloud."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.bundling import ROOT
from local.clock import InstantClock, ScaledClock
from local.cloud import REGION, LocalCloud
from local.rehearsal.production import make_cluster, make_production, make_subnet_group
from local.rehearsal.scene import empty_cloud
from tests.restores.conftest import SHORT

GUIDE = ROOT / "docs" / "implementation_guide" / "03_deployment.md"
OPERATIONS = ROOT / "docs" / "implementation_guide" / "05_operations.md"
COPIED = ("Makefile", "app.py", "cdk.json", "infra", "lambdas", "shared", "statemachine", "local")


@pytest.fixture
def account() -> Iterator[LocalCloud]:
    """An account with production in one region, and a subnet group in the other."""
    with empty_cloud(InstantClock(), SHORT) as cloud:
        make_production(cloud, scale=0)
        make_subnet_group(cloud)
        yield cloud


def test_the_guide_leads_from_nothing_to_a_restored_cluster(
    account: LocalCloud, tmp_path: Path
) -> None:
    project = a_copy_of_the_project(tmp_path)
    synthesis, after = blocks_around("make deploy")

    run(account, project, synthesis)
    account.deploy(project / "cdk.out")
    output = run(account, project, after)

    assert output.count('"SUCCEEDED"') == 2
    for expected in ("RESTORE_COMPLETED", "NOTIFICATION_SENT", '"available"', "staging-nightly"):
        assert expected in output


@pytest.mark.thorough
def test_the_guide_leads_back_to_a_replaced_cluster(tmp_path: Path) -> None:
    section = OPERATIONS.read_text().split("\n## Back to the replaced cluster\n")[1]
    (commands,) = re.findall(r"```sh\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    replaced = str(re.findall(r"^REPLACED=(\S+)", commands, re.MULTILINE)[0])
    with empty_cloud(ScaledClock(20), replace(SHORT, echo=60)) as cloud:
        make_cluster(cloud, replaced, REGION, "old-password")
        make_cluster(cloud, "staging", REGION, "new-password", instances=2)
        before = resource_ids(cloud)

        run(cloud, tmp_path, "sleep() { command sleep 0.2; }\n" + commands)

        assert resource_ids(cloud) == {
            "staging": before[replaced],
            "staging-rejected": before["staging"],
        }
        assert len(cloud.calls.of("rds:RebootDBInstance")) == 2


def resource_ids(account: LocalCloud) -> dict[str, str]:
    listed = account.client("rds").describe_db_clusters()["DBClusters"]
    return {one["DBClusterIdentifier"]: one["DbClusterResourceId"] for one in listed}


def blocks_around(deployment: str) -> tuple[str, str]:
    """The guide's commands before and after the one that deploys, which needs a real account."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (at,) = [number for number, block in enumerate(blocks) if block.startswith(deployment)]
    return "".join(blocks[:at]), "".join([blocks[0], *blocks[at + 1 :]])


def a_copy_of_the_project(folder: Path) -> Path:
    """The files that the commands use, where they may write, with everything set up."""
    project = folder / "project"
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        project.mkdir(exist_ok=True)
        copy(source, project / name)
    for name in (".venv", ".build", "requirements"):
        (project / name).symlink_to(ROOT / name)
    return project


def run(account: LocalCloud, folder: Path, commands: str) -> str:
    """What the commands print; a failing one ends them, and the test."""
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={**os.environ, **account.environment, "PATH": path, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
