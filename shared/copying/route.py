"""The copy route: which copies bring a snapshot to where it can be restored.

A snapshot can be restored where it is, in its own account or in one that it is shared with, also
under another key (Aurora user guide, "Sharing a DB cluster snapshot"). Across regions it has to
be copied; so it has when it is another account's and not shared, for the pipeline never shares a
snapshot that it did not make. An encrypted one never crosses region and account in one call, about
which the user guide and the API reference disagree: the other account first copies it into the
target region, under a key that it lets this account use, and shares that copy.
"""

from datetime import datetime
from typing import NamedTuple

from shared import names
from shared.errors import ConfigurationError
from shared.operation.parts import Hop
from shared.resources import Snapshot
from shared.settings import SourceRole


class Destination(NamedTuple):
    """Where a snapshot is to be restored, and under which key."""

    account_id: str
    region: str
    kms_key_id: str | None
    keeps_copy: bool
    """Whether the last copy outlives the restore, and so has to be this account's own."""


def plan_route(
    snapshot: Snapshot,
    to: Destination,
    through: SourceRole | None,
    operation_id: str,
    now: datetime,
) -> tuple[Hop, ...]:
    """The hops from `snapshot` to where it can be restored; none when it can be where it is.

    `through` is the role in the snapshot's account, if the deployment has one. Raises
    `ConfigurationError` saying why there is no way.
    """
    _check_key(snapshot, to)
    is_own = snapshot.account_id == to.account_id
    if snapshot.region == to.region and (is_own or snapshot.is_shared):
        return ()
    copy_id = names.copy_id(snapshot.cluster_id, snapshot.created_at or now, operation_id)
    own = Hop(
        source_arn=snapshot.arn,
        source_region=snapshot.region,
        region=to.region,
        snapshot_id=copy_id,
        kms_key_id=to.kms_key_id if snapshot.encrypted else None,
    )
    if is_own or (snapshot.is_shared and not snapshot.encrypted):
        return (own,)
    if through is None:
        raise _unreachable(snapshot, to)
    theirs = _made_there(own, snapshot, through, to)
    onward = {"source_arn": theirs.copy_arn, "source_region": to.region}
    is_copied_on = snapshot.encrypted or to.keeps_copy
    return (theirs, own.model_copy(update=onward)) if is_copied_on else (theirs,)


def _made_there(own: Hop, snapshot: Snapshot, through: SourceRole, to: Destination) -> Hop:
    """The same copy, made in the snapshot's account and shared with this one."""
    return own.model_copy(
        update={
            "kms_key_id": through.kms_key_id if snapshot.encrypted else None,
            "account_id": through.account_id,
            "share_with": to.account_id,
        }
    )


def _check_key(snapshot: Snapshot, to: Destination) -> None:
    """Raise `ConfigurationError` for an encrypted snapshot that would arrive without a key."""
    if snapshot.encrypted and not to.kms_key_id and not _keeps_its_key(snapshot, to):
        raise ConfigurationError(
            f"Snapshot {snapshot.id} is encrypted, and copying it to {to.region} of account "
            f"{to.account_id} needs a KMS key there. Specify kms_key_id in the request or the "
            "deployment."
        )


def _keeps_its_key(snapshot: Snapshot, to: Destination) -> bool:
    """Whether a cluster may stay under the snapshot's key: one of this account and region."""
    return (snapshot.account_id, snapshot.region) == (to.account_id, to.region)


def _unreachable(snapshot: Snapshot, to: Destination) -> ConfigurationError:
    left = "account and region" if snapshot.region != to.region else "account"
    return ConfigurationError(
        f"Snapshot {snapshot.id} has to leave its {left}, which begins with a copy made in "
        f"account {snapshot.account_id}, and this deployment has no role there. Deploy the source "
        "account's stack, and give its external id in source_accounts."
    )
