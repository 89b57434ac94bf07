"""Deployments that the infrastructure tests examine, each synthesized once."""

import json
from pathlib import Path

import pytest

from infra.bundling import ROOT
from infra.settings.source_account import SourceSettings
from infra.synth import synthesize
from local.rehearsal.scene import SOURCE_ROLE
from tests.infra.template import LOCAL_SETTINGS, Template, synthesized


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
        notifications={
            "emails": ["database-team@example.com"],
            "phones": ["+14155550100"],
            "queues": ["arn:aws:sqs:us-west-2:210987654321:restores"],
            "urls": ["https://example.com/restores"],
        },
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
            "object_lock_mode": "governance",
        },
        schedules=[],
    )


PLACE = {"vpc_id": "vpc-0000000a", "subnet_ids": ["subnet-0000000a", "subnet-0000000b"]}
DEFAULTS = json.loads(LOCAL_SETTINGS.read_text())["defaults"] | {
    "vpc_security_group_ids": ["sg-00000001", "sg-00000002"],
    "port": 5433,
}


@pytest.fixture(scope="session")
def nat_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A deployment in a VPC with a NAT gateway, whose security group the stack makes."""
    folder = tmp_path_factory.mktemp("nat")
    return synthesized(folder, defaults=DEFAULTS, network=PLACE)


@pytest.fixture(scope="session")
def endpoints_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A deployment in a VPC without a way out, whose endpoints the stack makes."""
    endpoints = {
        "route_table_ids": ["rtb-0000000a", "rtb-0000000b"],
        "dynamodb_prefix_list_id": "pl-0000000a",
    }
    return synthesized(
        tmp_path_factory.mktemp("endpoints"),
        defaults=DEFAULTS,
        network=PLACE | {"endpoints": endpoints},
    )
