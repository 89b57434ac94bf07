"""Deployments that the infrastructure tests look at, each synthesized once."""

from pathlib import Path

import pytest

from infra.bundling import ROOT
from infra.source_account import SourceSettings
from infra.synth import synthesize
from local.scene import SOURCE_ROLE
from tests.infra.template import Template, synthesized


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the local deployment's cloud assembly."""
    folder = tmp_path_factory.mktemp("assembly")
    synthesized(folder)
    return folder


@pytest.fixture(scope="session")
def template(assembly: Path) -> Template:
    """The template of the local deployment."""
    return Template(assembly, "aurora-restore")


@pytest.fixture(scope="session")
def source_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of the local source account."""
    folder = tmp_path_factory.mktemp("source")
    settings = str(ROOT / "local" / "source_account.json")
    synthesize({SourceSettings.context_key: settings}, folder)
    return Template(folder, SOURCE_ROLE)


@pytest.fixture(scope="session")
def other_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A deployment with every choice made the other way."""
    return synthesized(
        tmp_path_factory.mktemp("other"),
        account=None,
        replaceable_clusters=[],
        restore_keys=["arn:aws:kms:us-west-2:123456789012:key/named"],
        notifications={"emails": ["database-team@example.com"]},
        exports=None,
        source_accounts=[],
        network={
            "vpc_id": "vpc-0000000a",
            "subnet_ids": ["subnet-0000000a", "subnet-0000000b"],
            "security_group_ids": ["sg-0000000a"],
        },
        long_term_archive={
            "schedule": "rate(7 days)",
            "glacier_after_days": 30,
            "object_lock_days": 365,
        },
        schedules=[],
    )
