"""Who serves under a cluster id, as RDS describes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from local.rehearsal.availability import Look, Server, changes, servers, time_unserved, who_serves

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NOBODY, NEW = Server.OLD, Server.NOBODY, Server.NEW


def described(identifier: str, status: str, own_id: str) -> dict[str, str]:
    return {
        "DBClusterIdentifier": identifier,
        "Status": status,
        "DbClusterResourceId": own_id,
    }


def looks(*seen: Server) -> list[Look]:
    """One look a minute."""
    return [
        Look(NOON + timedelta(minutes=minute), server, server.value)
        for minute, server in enumerate(seen)
    ]


@pytest.mark.parametrize("status", ["available", "backing-up", "modifying"])
def test_a_cluster_is_known_by_its_own_id_whatever_it_is_called(status: str) -> None:
    before = [described("staging", status, "A"), described("candidate", "creating", "B")]
    after = [described("staging-replaced", "deleting", "A"), described("staging", status, "B")]

    assert who_serves(before, "staging", old="A") == (OLD, "A")
    assert who_serves(after, "staging", old="A") == (NEW, "B")


@pytest.mark.parametrize(
    ("clusters", "why"),
    [
        (
            [described("staging", "renaming", "A"), described("candidate", "available", "B")],
            "staging is renaming",
        ),
        (
            [described("replaced", "available", "A"), described("candidate", "renaming", "B")],
            "candidate is renaming",
        ),
        ([described("replaced", "available", "A")], "no cluster has this id"),
        ([described("staging", "creating", "B")], "staging is creating"),
        ([], "no cluster has this id"),
    ],
)
def test_nobody_serves_while_the_id_is_on_its_way(
    clusters: Sequence[dict[str, str]], why: str
) -> None:
    assert who_serves(clusters, "staging", old="A") == (NOBODY, why)


def test_only_what_changed_is_told() -> None:
    seen = looks(OLD, OLD, NOBODY, NOBODY, NEW, NEW)

    assert changes(seen) == [seen[0], seen[2], seen[4]]
    assert servers(seen) == [OLD, NOBODY, NEW]
    assert changes([]) == []
    assert servers([]) == []


def test_who_does_not_serve_is_told_again_when_the_reason_changes() -> None:
    seen = [
        Look(NOON, NOBODY, "staging is renaming"),
        Look(NOON + timedelta(minutes=1), NOBODY, "no cluster has this id"),
    ]

    assert changes(seen) == seen
    assert servers(seen) == [NOBODY]


@pytest.mark.parametrize(
    ("seen", "minutes"),
    [
        ([], 0),
        ([OLD], 0),
        ([OLD, OLD, OLD], 0),
        ([OLD, NOBODY, NOBODY, NEW, NEW], 2),
        ([OLD, NOBODY, OLD, NOBODY, NEW], 2),
        ([OLD, NEW, NEW], 1),
    ],
    ids=["no look", "one look", "no handover", "one handover", "two gaps", "none looked in time"],
)
def test_time_without_a_cluster_is_counted(seen: Sequence[Server], minutes: int) -> None:
    assert time_unserved(looks(*seen)) == timedelta(minutes=minutes)
