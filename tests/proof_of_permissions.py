"""Least privilege, proven by a whole test run: all that is allowed is used, nothing is refused.

Every process of the run records which statements have allowed what its functions did
(`local.iam`). At the end they are laid side by side with the templates. Only a whole run can tell,
so only `make test` asks for it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.iam.conditions import listed
from local.iam.policies import Grant
from local.iam.record import RECORD
from local.scene import ASSEMBLY, SOURCE_ASSEMBLY

OPTION = "--prove-permissions"

BY_LAMBDA = "Lambda itself sends traces in the function's role; the local cloud has no X-Ray"
BY_STEP_FUNCTIONS = "Step Functions itself does it in the machine's role when it is deployed"
UNUSED_HERE: Mapping[str, str] = {
    "xray:PutTraceSegments": BY_LAMBDA,
    "xray:PutTelemetryRecords": BY_LAMBDA,
    "xray:GetSamplingRules": BY_STEP_FUNCTIONS,
    "xray:GetSamplingTargets": BY_STEP_FUNCTIONS,
    "logs:CreateLogDelivery": BY_STEP_FUNCTIONS,
    "logs:GetLogDelivery": BY_STEP_FUNCTIONS,
    "logs:UpdateLogDelivery": BY_STEP_FUNCTIONS,
    "logs:DeleteLogDelivery": BY_STEP_FUNCTIONS,
    "logs:ListLogDeliveries": BY_STEP_FUNCTIONS,
    "logs:PutResourcePolicy": BY_STEP_FUNCTIONS,
    "logs:DescribeResourcePolicies": BY_STEP_FUNCTIONS,
    "logs:DescribeLogGroups": BY_STEP_FUNCTIONS,
}
"""What no test can use, and why it is allowed all the same."""

MEANT_TO_BE_REFUSED: Mapping[str, str] = {
    ":secret:of-another-team-": "a request that names a secret which the settings do not name",
}
"""What tests try on purpose, by a part of the resource."""

_used: set[Grant] = set()
_refused: set[str] = set()
_verdict: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="fail unless every permission was used")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Take over what a process of the run has recorded."""
    told = getattr(node, "workeroutput", {}).get("permissions", {"used": [], "refused": []})
    _used.update(Grant(*one) for one in told["used"])
    _refused.update(told["refused"])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process has recorded, or judge what all of them have."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["permissions"] = {
            "used": [[one.policy, one.number, one.action] for one in RECORD.used],
            "refused": list(RECORD.refused),
        }
        return
    if not session.config.getoption(OPTION):
        return
    allowed = {grant: what for folder in (ASSEMBLY, SOURCE_ASSEMBLY) for grant, what in _in(folder)}
    used = _used | RECORD.used
    unused = [what for grant, what in allowed.items() if grant not in used]
    unexplained = [what for what in unused if what.split()[1] not in UNUSED_HERE]
    refused = sorted(one for one in _refused | RECORD.refused if _is_told(one))
    _verdict.append(
        f"{len(allowed)} actions allowed, {len(allowed) - len(unused)} used, "
        f"{len(unused) - len(unexplained)} unused for a reason, {len(unexplained)} unused; "
        f"{len(refused)} refused"
    )
    _verdict.extend(f"allowed and unused: {one}" for one in unexplained)
    _verdict.extend(f"used and not allowed: {one}" for one in refused)
    if unexplained or refused:
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


def _in(assembly: Path) -> Iterator[tuple[Grant, str]]:
    """Every action that a role of the template is allowed, and in words on what."""
    (template,) = assembly.glob("*.template.json")
    for resource in json.loads(template.read_text())["Resources"].values():
        if resource["Type"] != "AWS::IAM::Policy":
            continue
        properties = resource["Properties"]
        name = properties["PolicyName"]
        for number, statement in enumerate(properties["PolicyDocument"]["Statement"]):
            if statement["Effect"] == "Deny":
                continue
            for action in listed(statement["Action"]):
                on = json.dumps(statement["Resource"])
                yield Grant(name, number, action), f"{name}/{number} {action} on {on}"
