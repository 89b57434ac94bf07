"""Whether a request that a schedule will make can be carried out by the deployment that makes it.

At night nobody would read that it was refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from infra.settings.schedule_expressions import hours_between_runs
from shared.errors import InvalidRequest, TargetNotAllowed
from shared.replacing import guard_rails
from shared.request.fields import Archive, Replace
from shared.request.restore_request import RestoreRequest

LONGEST_RULE_NAME = 64
USUAL_RESTORE_HOURS = 4.0
"""How long a restore is taken to last where the settings do not say."""
TAKEN_NAMES = {"failure"}
"""Of the rules that a deployment has anyway."""


def problems_of(name: str, raw: dict[str, JsonValue], settings: Mapping[str, Any]) -> Iterator[str]:
    """Why a schedule cannot work, in words; of its request nothing, if the defaults are wrong.

    The settings are those of `DeploymentSettings`, as far as they are right.
    """
    if name in TAKEN_NAMES or len(f"{settings.get('name', '')}-{name}") > LONGEST_RULE_NAME:
        yield "this name is taken, or too long together with the deployment's"
    if defaults := settings.get("defaults"):
        try:
            yield from _problems(RestoreRequest.parse(raw, defaults), settings)
        except InvalidRequest as error:
            yield str(error)


def _problems(request: RestoreRequest, settings: Mapping[str, Any]) -> Iterator[str]:
    defaults = settings["defaults"]
    if request.operation_id:
        yield "operation_id: can be used once; leave it out"
    if request.replace is not Replace.NEVER:
        try:
            guard_rails.check_allowed(
                request.target_cluster_id, settings.get("replaceable_clusters", ())
            )
        except TargetNotAllowed as error:
            yield str(error)
    if request.archive is Archive.EXPORT and not settings.get("exports"):
        yield "archive: 'export' needs the setting exports"
    regions = (defaults.source_region, defaults.target_region, *settings.get("source_regions", ()))
    if request.source_region not in regions:
        yield f"source_region: {request.source_region} is not one of source_regions"
    accounts = [source.account for source in settings.get("source_accounts", ())]
    own = settings.get("account")
    if own and request.source_account_id not in (None, own, *accounts):
        yield f"source_account_id: {request.source_account_id} is not one of source_accounts"
    for field in ("admin_secret_id", "users_secret_id"):
        secret = getattr(request, field)
        if secret not in (getattr(defaults, field), *settings.get("secrets", ())):
            yield f"{field}: {secret} is not one of secrets"
    if request.kms_key_id not in (None, defaults.kms_key_id, *settings.get("restore_keys", ())):
        yield f"kms_key_id: {request.kms_key_id} is not one of restore_keys"


def race_of(expression: str, request: Mapping[str, Any], restore_hours: float) -> str | None:
    """Why a schedule races with the removal of the cluster that its last run has replaced.

    That one goes with the first run that cleans up after its time is over. When it is over depends
    on how long one restore took, when the next cleans up on how long that takes.
    """
    kept = request.get("keep_replaced_hours")
    if not isinstance(kept, int) or kept < 1:
        return None
    for apart in sorted(hours_between_runs(expression, kept + restore_hours)):
        if abs(apart - kept) < restore_hours:
            return (
                f"keep_replaced_hours: {kept} hours are over about when a run {apart:g} hours "
                f"later is under way, so three clusters may stand at once. Keep it for "
                f"{max(0, apart - restore_hours):g} hours at most, or {apart + restore_hours:g} at "
                f"least (restores are taken to last {restore_hours:g} hours: "
                "alarms.longest_restore_hours)"
            )
    return None
