"""Deployments with more of everything than anybody needs."""

from typing import Any

SCHEDULE = {"source_cluster_id": "aurora-prod", "target_cluster_id": "aurora-staging"}


def accounts(count: int) -> dict[str, Any]:
    return {
        "source_accounts": [
            {"account": f"{number:012}", "external_id": f"restores-of-team-{number:03}"}
            for number in range(1, count + 1)
        ]
    }


def patterns(count: int) -> dict[str, Any]:
    """Patterns of 27 letters, without a wildcard."""
    return {
        "replaceable_clusters": [
            "aurora-staging*",
            *(f"aurora-staging-of-team-{number:04}" for number in range(1, count)),
        ]
    }


def secrets(count: int) -> dict[str, Any]:
    return {"secrets": [f"aurora-restore/of-team-{number:04}" for number in range(count)]}


def schedules(count: int, **changes: Any) -> dict[str, Any]:
    return {
        "schedules": [
            {
                "name": f"nightly-{number:03}",
                "schedule": "cron(0 2 * * ? *)",
                "request": SCHEDULE | changes,
            }
            for number in range(count)
        ]
    }


def network(**changes: Any) -> dict[str, Any]:
    place = {
        "vpc_id": "vpc-0000000a",
        "subnet_ids": ["subnet-0000000a"],
        "security_group_ids": ["sg-0000000a"],
    }
    return {"network": place | changes}
