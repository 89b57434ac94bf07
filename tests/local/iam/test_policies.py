"""Policies that let others in."""

import json
from typing import Any

import pytest

from local.functions.functions import ACCOUNT
from local.iam.policies import trusts

HOST = f"arn:aws:iam::{ACCOUNT}:role/aurora-restore/us-west-2/copy-snapshot/one"


def trust(**conditions: Any) -> str:
    return json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Condition": conditions,
                }
            ]
        }
    )


@pytest.mark.parametrize(
    ("conditions", "is_let_in"),
    [
        ({}, True),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aurora-restore/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/other/*"]}}, False),
        ({"StringEquals": {"sts:ExternalId": "word"}}, False),
    ],
)
def test_all_conditions_of_a_trust_have_to_hold(conditions: Any, is_let_in: bool) -> None:
    assert trusts(trust(**conditions), HOST, {"aws:PrincipalArn": HOST}) is is_let_in


def test_a_trust_names_an_account_and_nobody_elses() -> None:
    unknown = "arn:aws:iam::555555555555:role/one"

    assert not trusts(trust(), unknown, {"aws:PrincipalArn": unknown})


def test_what_is_denied_is_denied_whatever_is_allowed() -> None:
    allowing = json.loads(trust())["Statement"][0]
    both = json.dumps({"Statement": [allowing, allowing | {"Effect": "Deny"}]})

    assert not trusts(both, HOST, {"aws:PrincipalArn": HOST})


def test_a_condition_that_nobody_knows_here_is_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="IpAddress"):
        trusts(trust(IpAddress={"aws:SourceIp": "10.0.0.0/8"}), HOST, {})
