"""Regions and partitions: where a deployment can be, and what is said where it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from infra import bundling
from infra.settings import regions
from infra.settings.context import WrongSettings
from infra.settings.deployment import DeploymentSettings
from infra.settings.source_account import SourceSettings
from infra.synth import synthesize
from shared.names import trust_store
from tests.infra.template import LOCAL_SETTINGS, Template

WITHOUT_ROOTS = {
    "ap-east-2",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "il-central-1",
    "mx-central-1",
    "us-gov-east-1",
    "us-gov-west-1",
}
"""Regions that a deployment could be in, if somebody put their roots into the bundle."""

SESSION = Session()
IN_PARTITIONS = {
    partition: SESSION.get_available_regions("rds", partition)
    for partition in SESSION.get_available_partitions()
}


def settings_in(region: str, **changes: Any) -> dict[str, Any]:
    return {"defaults": {"source_region": region, "target_region": region}, **changes}


@pytest.fixture
def gov_cloud_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings as they are checked when GovCloud's bundle is there."""
    known = regions.certified_regions() | set(IN_PARTITIONS["aws-us-gov"])
    monkeypatch.setattr(regions, "certified_regions", lambda: known)


def test_every_region_of_rds_can_be_deployed_to_or_is_known_to_lack_its_roots() -> None:
    deployable = {region for partition in regions.PARTITIONS for region in IN_PARTITIONS[partition]}

    assert deployable - regions.certified_regions() == WITHOUT_ROOTS
    assert regions.certified_regions() <= deployable


@pytest.mark.parametrize("region", sorted(WITHOUT_ROOTS))
def test_a_region_whose_certificates_could_not_be_verified_is_refused(region: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        DeploymentSettings.read(settings_in(region))

    said = str(refused.value)
    assert f"the certificates of clusters in {region} could not be verified" in said
    assert f"{trust_store(region)}/{region}/{region}-bundle.pem into that folder" in said


def test_gov_cloud_has_a_trust_store_of_its_own() -> None:
    assert trust_store("us-gov-east-1") == "https://truststore.pki.us-gov-west-1.rds.amazonaws.com"
    assert trust_store("eu-west-1") == "https://truststore.pki.rds.amazonaws.com"


def test_the_regions_of_a_bundle_are_those_of_its_roots() -> None:
    (bundle,) = (file.read_text() for file in bundling.CERTIFICATES)
    without_comments = "\n".join(line for line in bundle.splitlines() if not line.startswith("#"))
    of_frankfurt = bundle[bundle.index("# Amazon RDS eu-central-1") :]

    assert set(regions.regions_of([without_comments])) == regions.certified_regions()
    assert "us-east-1" in regions.certified_regions()
    assert "ap-east-1" not in set(regions.regions_of([of_frankfurt]))


@pytest.mark.parametrize(
    ("region", "why"),
    [
        ("cn-north-1", "belongs to partition aws-cn; .* In China, the names"),
        ("cn-northwest-1", "belongs to partition aws-cn"),
        ("us-iso-east-1", "belongs to partition aws-iso; .* Nobody has tried"),
        ("eusc-de-east-1", "belongs to partition aws-eusc"),
        ("xx-north-1", "no region of any partition that is known"),
    ],
)
def test_a_partition_that_nobody_has_prepared_is_refused_in_words(region: str, why: str) -> None:
    with pytest.raises(WrongSettings, match=rf"defaults: .*{why}"):
        DeploymentSettings.read(settings_in(region))
    with pytest.raises(WrongSettings, match=rf"pipeline_region: .*{why}"):
        SourceSettings.read({"pipeline_account": "123456789012", "pipeline_region": region})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source_regions": ["us-gov-west-1"]}, "source_regions: us-gov-west-1 and us-west-2 are"),
        (
            {"secrets": ["arn:aws-cn:secretsmanager:us-west-2:123456789012:secret:one-abcdef"]},
            "secrets: .* ARNs of us-west-2 begin with arn:aws:",
        ),
        (
            {"restore_keys": ["arn:aws-us-gov:kms:us-west-2:123456789012:key/one"]},
            "restore_keys: .* begin with arn:aws:",
        ),
        (
            {"notifications": {"queues": ["arn:aws-us-gov:sqs:us-west-2:123456789012:one"]}},
            "notifications: .* begin with arn:aws:",
        ),
    ],
)
def test_what_another_partition_has_is_out_of_reach(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongSettings, match=why):
        DeploymentSettings.read(settings_in("us-west-2", **changes))


def test_a_source_account_cannot_be_in_another_partition() -> None:
    settings = {
        "pipeline_account": "123456789012",
        "pipeline_region": "us-west-2",
        "external_id": "restores",
        "source_regions": ["us-west-2", "cn-north-1"],
    }

    with pytest.raises(WrongSettings, match="source_regions: cn-north-1 and us-west-2 are of"):
        SourceSettings.read(settings)


@pytest.mark.usefixtures("gov_cloud_roots")
@pytest.mark.parametrize("region", IN_PARTITIONS["aws-us-gov"])
def test_nothing_in_gov_cloud_is_an_arn_of_another_partition(tmp_path: Path, region: str) -> None:
    written = LOCAL_SETTINGS.read_text().replace("us-west-2", region).replace("us-east-1", region)
    settings = json.loads(written.replace("arn:aws:", "arn:aws-us-gov:"))
    settings["network"] = {
        "vpc_id": "vpc-0000000a",
        "subnet_ids": ["subnet-0000000a"],
        "security_group_ids": ["sg-0000000a"],
        "endpoints": {
            "route_table_ids": ["rtb-0000000a"],
            "dynamodb_prefix_list_id": "pl-0000000a",
        },
    }
    settings["source_regions"] = IN_PARTITIONS["aws-us-gov"]

    synthesize({DeploymentSettings.context_key: settings}, tmp_path)

    template = Template(tmp_path, "aurora-restore")
    (file,) = tmp_path.glob("asset.*/settings.json")
    for text in (template.text, file.read_text()):
        assert "arn:aws:" not in text
    resources = {
        state["Resource"] for state in template.definition["States"].values() if "Resource" in state
    }
    assert resources == {"arn:aws-us-gov:states:::lambda:invoke"}


@pytest.mark.usefixtures("gov_cloud_roots")
def test_nothing_of_a_source_account_in_gov_cloud_is_an_arn_of_another_partition(
    tmp_path: Path,
) -> None:
    settings = {
        "pipeline_account": "123456789012",
        "pipeline_region": "us-gov-west-1",
        "external_id": "restores",
        "source_regions": ["us-gov-east-1"],
    }

    synthesize({SourceSettings.context_key: settings}, tmp_path)

    (template,) = tmp_path.glob("*.template.json")
    assert "arn:aws:" not in template.read_text()
