"""Fields that are wrong only because of other fields: the table at the end says which, and when.

They are looked for in the request as it was written, before its fields are checked one by one, so
that one answer names everything that is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from shared.request.fields import Archive, Replace, source_of

Written = Mapping[str, Any]
"""The fields of a request, the deployment's defaults filled in; their values may be anything."""


class Contradiction(NamedTuple):
    """A field that is wrong, the fields that make it so, and what the user reads about it.

    In the message `{arn[…]}` stands for a source field that the snapshot's ARN implies.
    """

    field: str
    others: tuple[str, ...]
    is_in: Callable[[Written], bool]
    message: str


def contradictions(written: Written) -> Iterator[tuple[str, str]]:
    """Yield the field and the message of every contradiction in a request."""
    arn = source_of(written.get("source_snapshot_id"))
    for row in CONTRADICTIONS:
        if row.is_in(written):
            yield row.field, row.message.format(arn=arn)


def names_a_date_and_an_id(written: Written) -> bool:
    return bool(written.get("source_snapshot_id") and written.get("source_snapshot_date"))


def names_another_region_than_the_arn(written: Written) -> bool:
    return _differs_from_the_arn("source_region", written)


def names_another_account_than_the_arn(written: Written) -> bool:
    return _differs_from_the_arn("source_account_id", written)


def names_no_source(written: Written) -> bool:
    snapshot_id = str(written.get("source_snapshot_id") or "")
    return not written.get("source_cluster_id") and not snapshot_id.startswith("arn:")


def restores_a_cluster_onto_itself(written: Written) -> bool:
    """Whether source and target are one; a cluster of another account may have the same id."""
    source, target = written.get("source_cluster_id"), written.get("target_cluster_id")
    return (
        bool(source)
        and str(source).lower() == str(target).lower()
        and written.get("source_region") == written.get("target_region")
        and not written.get("source_account_id")
    )


def is_serverless_without_limits(written: Written) -> bool:
    return _is_serverless(written) and not written.get("serverless_v2")


def has_limits_without_being_serverless(written: Written) -> bool:
    return bool(written.get("serverless_v2")) and not _is_serverless(written)


def keeps_what_it_does_not_swap(written: Written) -> bool:
    return bool(written.get("keep_replaced_hours")) and written.get("replace") != Replace.SWAP


def retains_what_it_does_not_keep(written: Written) -> bool:
    return bool(written.get("retain_days")) and written.get("archive") != Archive.RETAIN


def _differs_from_the_arn(field: str, written: Written) -> bool:
    implied = source_of(written.get("source_snapshot_id"))
    return field in implied and implied[field] != written.get(field)


def _is_serverless(written: Written) -> bool:
    return bool(written.get("db_instance_class") == "db.serverless")


CONTRADICTIONS = (
    Contradiction(
        "source_snapshot_date",
        ("source_snapshot_id",),
        names_a_date_and_an_id,
        "must not be given together with source_snapshot_id",
    ),
    Contradiction(
        "source_region",
        ("source_snapshot_id",),
        names_another_region_than_the_arn,
        "the snapshot's ARN says {arn[source_region]}; leave source_region out",
    ),
    Contradiction(
        "source_account_id",
        ("source_snapshot_id",),
        names_another_account_than_the_arn,
        "the snapshot's ARN says {arn[source_account_id]}; leave source_account_id out",
    ),
    Contradiction(
        "source_cluster_id",
        ("source_snapshot_id",),
        names_no_source,
        "required, unless source_snapshot_id is an ARN",
    ),
    Contradiction(
        "target_cluster_id",
        ("source_cluster_id", "source_region", "source_account_id", "target_region"),
        restores_a_cluster_onto_itself,
        "must not be the source cluster itself",
    ),
    Contradiction(
        "serverless_v2",
        ("db_instance_class",),
        is_serverless_without_limits,
        "required with db_instance_class db.serverless",
    ),
    Contradiction(
        "serverless_v2",
        ("db_instance_class",),
        has_limits_without_being_serverless,
        "only allowed with db_instance_class db.serverless",
    ),
    Contradiction(
        "keep_replaced_hours",
        ("replace",),
        keeps_what_it_does_not_swap,
        "only allowed with replace 'swap'",
    ),
    Contradiction(
        "retain_days",
        ("archive",),
        retains_what_it_does_not_keep,
        "only allowed with archive 'retain'",
    ),
)
