"""What other people's tools find: nothing that is not acknowledged, with its reason."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks

from infra.bundling import ROOT
from infra.deployment import DeploymentSettings
from infra.source_account import SourceSettings
from infra.synth import synthesize

DEPLOYMENTS: Mapping[str, Mapping[str, object]] = {
    "local": {DeploymentSettings.context_key: str(ROOT / "local" / "deployment.json")},
    "local source": {SourceSettings.context_key: str(ROOT / "local" / "source_account.json")},
}


@pytest.mark.parametrize("which", DEPLOYMENTS)
def test_cdk_nag_finds_nothing_that_is_not_explained(tmp_path: Path, which: str) -> None:
    report = tmp_path / "validation-report.json"

    try:
        synthesize(DEPLOYMENTS[which], tmp_path, checks=AwsSolutionsChecks)
    except RuntimeError:
        assert list(_findings(report)) == []
        raise


def test_cdk_nag_finds_what_is_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.acknowledged.ACTIONS", {})

    with pytest.raises(RuntimeError, match="Validation"):
        synthesize(DEPLOYMENTS["local"], tmp_path, checks=AwsSolutionsChecks)

    found = set(_findings(tmp_path / "validation-report.json"))
    assert any("kms:ReEncrypt*" in one for one in found)


def _findings(report: Path) -> Iterator[str]:
    """Every finding of a report, with the construct that it is about."""
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield f"{violation['ruleName']} {construct['constructPath']}"
