"""What a plan says that a restore would make."""

import pytest

from shared.planning import preview
from shared.planning.transitions import snapshot_validated
from shared.resources import Snapshot
from tests.builders import KEY, a_snapshot, an_operation


def planned(snapshot: Snapshot, **request: object) -> tuple[str, ...]:
    operation = snapshot_validated(an_operation(request=request), snapshot, (), None)
    return preview.plan(operation, (), (), (), None).creates


@pytest.mark.parametrize(
    ("snapshot", "requested", "encrypted"),
    [
        (a_snapshot(), None, "with a key that AWS owns"),
        (a_snapshot(), KEY, f"under key {KEY}"),
        (a_snapshot(encrypted=True, kms_key_id="alias/theirs"), None, "under key alias/theirs"),
        (a_snapshot(encrypted=True, kms_key_id="alias/theirs"), KEY, f"under key {KEY}"),
    ],
)
def test_a_cluster_is_always_encrypted_and_the_plan_says_with_what(
    snapshot: Snapshot, requested: str | None, encrypted: str
) -> None:
    (cluster, _) = planned(snapshot, kms_key_id=requested)

    assert cluster == f"cluster aurora-staging, encrypted {encrypted}"
