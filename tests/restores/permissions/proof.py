"""Least privilege, proven by a whole test run.

Every action that a statement allows has been used, and was the only one to allow something;
nothing was refused. (Not every resource of a statement has been touched: which snapshots, keys and
clusters there are, differs from account to account.)

Every process of the run records which statements have allowed what its functions did
(`local.iam`). At the end they are laid side by side with the templates. Only a whole run can tell,
so only `make test` asks for it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local.iam.conditions import listed
from local.iam.policies import Grant
from local.iam.record import RECORD
from local.rehearsal.scene import ASSEMBLY, SOURCE_ASSEMBLY

OPTION = "--prove-permissions"

TRACES = "AWS itself sends traces in the role; the local cloud has no X-Ray"
DELIVERY = "Step Functions itself sets up the delivery of its log, in the machine's role"
ASSUMED = "RDS may look at the source of a copy again, for its caller; AWS does not say"
UNUSED_HERE: Mapping[tuple[str, str], str] = {
    ("*", "xray:PutTraceSegments"): TRACES,
    ("*", "xray:PutTelemetryRecords"): TRACES,
    ("WorkflowRole*", "xray:GetSampling*"): TRACES,
    ("WorkflowRole*", "logs:*"): DELIVERY,
    ("FunctionsCopySnapshotRole*", "rds:CopyDBClusterSnapshot if aws:ViaAWSService"): ASSUMED,
    ("Role*", "rds:CopyDBClusterSnapshot if aws:ViaAWSService"): ASSUMED,
}
"""What no test can use, by patterns of policy and action, and why it is allowed all the same."""

MEANT_TO_BE_REFUSED: Mapping[str, str] = {
    ":secret:of-another-team-": "a request that names a secret which the settings do not name",
}
"""What tests try on purpose, by a part of the resource."""

_used: set[Grant] = set()
_needed: set[Grant] = set()
_refused: set[str] = set()
_verdict: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="fail unless every permission was used")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Take over what a process of the run has recorded."""
    told = getattr(node, "workeroutput", {}).get("permissions", {})
    _used.update(Grant(*one) for one in told.get("used", ()))
    _needed.update(Grant(*one) for one in told.get("needed", ()))
    _refused.update(told.get("refused", ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process has recorded, or judge what all of them have."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["permissions"] = {
            "used": [astuple(one) for one in RECORD.used(ASSEMBLY)],
            "needed": [astuple(one) for one in RECORD.needed(ASSEMBLY)],
            "refused": list(RECORD.refused),
        }
        return
    if not session.config.getoption(OPTION):
        return
    allowed = {grant: what for folder in (ASSEMBLY, SOURCE_ASSEMBLY) for grant, what in _in(folder)}
    used, needed = _used | RECORD.used(ASSEMBLY), _needed | RECORD.needed(ASSEMBLY)
    reasoned = {grant for grant, what in allowed.items() if grant not in used and _reason(what)}
    told = {
        "allowed and unused": [
            str(what) for grant, what in allowed.items() if grant not in used | reasoned
        ],
        "allowed twice": [
            str(what) for grant, what in allowed.items() if grant in used and grant not in needed
        ],
        "used and not allowed": sorted(one for one in _refused | RECORD.refused if _is_told(one)),
    }
    counts = {
        "actions allowed": len(allowed),
        "used": len(used & allowed.keys()),
        "unused for a reason": len(reasoned),
        **{kind: len(found) for kind, found in told.items()},
    }
    _verdict.append(", ".join(f"{number} {what}" for what, number in counts.items()))
    _verdict.extend(f"{kind}: {one}" for kind, found in told.items() for one in found)
    if any(told.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the verdict."""
    if _verdict:
        terminalreporter.section("permissions")
        for line in _verdict:
            terminalreporter.write_line(line)


def _is_told(refusal: str) -> bool:
    """Whether it was a role of the deployment that was refused, and nobody wanted it to be."""
    is_ours = refusal.startswith("aurora-restore-")
    return is_ours and not any(meant in refusal for meant in MEANT_TO_BE_REFUSED)


class Allowed(NamedTuple):
    """An action that a role is allowed, for a reader."""

    policy: str
    action: str
    """With ` if …` behind it where AWS itself must be the one who calls."""
    resources: str

    def __str__(self) -> str:
        return f"{self.policy}: {self.action} on {self.resources}"


def _reason(what: Allowed) -> str | None:
    """Why nothing uses it here."""
    for (policy, action), reason in UNUSED_HERE.items():
        if fnmatchcase(what.policy, policy) and fnmatchcase(what.action, action):
            return reason
    return None


def _in(assembly: Path) -> Iterator[tuple[Grant, Allowed]]:
    """Every action that a role of the template is allowed."""
    (template,) = assembly.glob("*.template.json")
    for resource in json.loads(template.read_text())["Resources"].values():
        properties = resource.get("Properties", {})
        elsewhere = resource["Type"] == "AWS::IAM::ManagedPolicy" or (
            resource["Type"] == "AWS::IAM::Role"
            and {"Policies", "ManagedPolicyArns"} & properties.keys()
        )
        assert not elsewhere, "Permissions outside of AWS::IAM::Policy are not looked at here"
        if resource["Type"] != "AWS::IAM::Policy":
            continue
        name = properties["PolicyName"]
        for number, statement in enumerate(properties["PolicyDocument"]["Statement"]):
            if statement["Effect"] == "Deny":
                continue
            by_aws = "aws:ViaAWSService" in statement.get("Condition", {}).get("Bool", {})
            for action in listed(statement["Action"]):
                told = f"{action} if aws:ViaAWSService" if by_aws else action
                yield (
                    Grant(name, number, action),
                    Allowed(name, told, json.dumps(statement["Resource"])),
                )
