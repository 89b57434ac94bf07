"""The copy route: which copies bring a snapshot to where it can be restored."""

from datetime import datetime

from shared import names
from shared.errors import ConfigurationError
from shared.facts import Snapshot
from shared.model import Model


class Hop(Model):
    """One snapshot copy into a region, there under a key if the source is encrypted."""

    source_arn: str
    source_region: str
    region: str
    snapshot_id: str
    kms_key_id: str | None


def plan_route(
    snapshot: Snapshot, target_region: str, kms_key_id: str | None, operation_id: str, now: datetime
) -> tuple[Hop, ...]:
    """The hops from `snapshot` to `target_region`; none when it can be restored where it is.

    Within a region and account a snapshot is restored directly, also when the key changes. Across
    regions an encrypted snapshot needs a key of the destination, and a plain one must not name
    any (Aurora user guide, "Copying a DB cluster snapshot").
    """
    if snapshot.region == target_region:
        return ()
    if snapshot.encrypted and not kms_key_id:
        raise ConfigurationError(
            f"Snapshot {snapshot.id} is encrypted, and copying it to {target_region} needs a KMS "
            f"key of that region. Give kms_key_id in the request or the deployment."
        )
    return (
        Hop(
            source_arn=snapshot.arn,
            source_region=snapshot.region,
            region=target_region,
            snapshot_id=names.copy_id(
                snapshot.cluster_id, snapshot.created_at or now, operation_id
            ),
            kms_key_id=kms_key_id if snapshot.encrypted else None,
        ),
    )
