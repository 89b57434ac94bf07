"""The table of copy routes in `docs/`, written from the function that plans them.

make pictures
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from shared.copying.route import Destination, plan_route
from shared.errors import ConfigurationError
from shared.operation.parts import Hop
from shared.resources import Encryption, Snapshot
from shared.settings import SourceRole

DOCUMENT = Path("docs/architecture/06_copy_routes.md")

_HERE, _THERE = "123456789012", "210987654321"
_REGION, _ELSEWHERE = "us-west-2", "us-east-1"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_KEY = f"arn:aws:kms:{_REGION}:{_HERE}:key/own"
_ROLE = SourceRole(
    arn=f"arn:aws:iam::{_THERE}:role/source",
    external_id="any",
    kms_key_id=f"arn:aws:kms:{_REGION}:{_THERE}:alias/source",
)
_ENCRYPTIONS = ("no key of KMS", "default key", "customer key")
_KINDS = {"automated": "automated", "manual": "manual", "AWS Backup": "manual"}

_HEADER = """\
# Copy routes

<!-- Written by `make pictures` from `shared/copying/route.py`.
Do not edit; a test compares. -->

Which copies bring a snapshot to where it can be restored. *Here* is the pipeline's account and the
region that it restores into; *there* is the snapshot's account. The first three columns describe
the snapshot and what the pipeline may do in its account. *No key of KMS* is what is not encrypted,
and what is encrypted with a key that AWS owns (`StorageEncryptionType` `none` and `sse-rds`): such
a snapshot is copied and shared without naming a key.

- **—**: nothing is copied, the snapshot is restored where it is.
- **here**: it is copied here; if it is encrypted, under the request's key.
- **there**: the other account copies it into the pipeline's region and shares the copy, from which
  the cluster is restored.
- **there, here**: the other account copies it into the pipeline's region, under the key that its
  stack created, and shares the copy, which is then copied here, under the request's key.
- **refused**: for the reason below.

A copy in the other account is always deleted in the end. With `archive` `retain` or `export` the
last copy has to be in the pipeline's account, so *there* becomes *there, here*.

"""


class Origin(NamedTuple):
    """A line of the table."""

    account: str
    kind: str
    has_role: bool

    @property
    def title(self) -> str:
        role = "" if self.account == _HERE else ("role" if self.has_role else "no role")
        return " | ".join(("own" if self.account == _HERE else "other", role, self.kind))


def origins() -> Iterator[Origin]:
    """Every account and kind that a snapshot can be of."""
    for kind in _KINDS:
        yield Origin(_HERE, kind, has_role=False)
    for has_role in (True, False):
        for kind in (*_KINDS, "shared"):
            yield Origin(_THERE, kind, has_role)


def document() -> str:
    """The page for `docs/`."""
    columns = [(region, key) for region in (_REGION, _ELSEWHERE) for key in _ENCRYPTIONS]
    refusals: list[str] = []
    lines = [
        "| account | in it | snapshot | "
        + " | ".join(
            f"{'same' if region == _REGION else 'other'} region, {key}" for region, key in columns
        )
        + " |",
        "|---" * (3 + len(columns)) + "|",
    ]
    for origin in origins():
        cells = [_cell(origin, region, key, refusals) for region, key in columns]
        lines.append(f"| {origin.title} | {' | '.join(cells)} |")
    reasons = [f"{number}. {reason}" for number, reason in enumerate(refusals, start=1)]
    return _HEADER + "\n".join([*lines, "", "## Refusals", "", *reasons, ""])


def _cell(origin: Origin, region: str, encryption: str, refusals: list[str]) -> str:
    if origin.account == _THERE and not origin.has_role and origin.kind != "shared":
        return _refused("Without a role in its account, only what it shares is seen.", refusals)
    if origin.kind == "shared" and encryption == "default key":
        return _refused("Nobody can share what is under the default key of RDS.", refusals)
    name, has_key = "nightly", encryption != "no key of KMS"
    snapshot = Snapshot(
        id=name,
        arn=f"arn:aws:rds:{region}:{origin.account}:cluster-snapshot:{name}",
        cluster_id="production",
        kind=_KINDS.get(origin.kind, origin.kind),
        status="available",
        percent=100,
        created_at=_NOW,
        engine="aurora-postgresql",
        engine_version="16.6",
        encryption=Encryption.KMS if has_key else Encryption.RDS,
        kms_key_id=encryption if has_key else None,
        master_username="postgres",
    )
    to = Destination(_HERE, _REGION, _KEY, keeps_copy=False)
    through = _ROLE if origin.has_role else None
    try:
        return _words(plan_route(snapshot, to, through, "operation", _NOW))
    except ConfigurationError as refusal:
        return _refused(str(refusal), refusals)


def _words(route: tuple[Hop, ...]) -> str:
    return ", ".join("there" if hop.account_id else "here" for hop in route) or "—"


def _refused(reason: str, refusals: list[str]) -> str:
    if reason not in refusals:
        refusals.append(reason)
    return f"refused ({refusals.index(reason) + 1})"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
