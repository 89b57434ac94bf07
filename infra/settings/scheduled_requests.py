"""Whether a request that a schedule will make can be carried out by the deployment that makes it.

At night nobody would read that it was refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from shared.errors import InvalidRequest, TargetNotAllowed
from shared.replacing import guard_rails
from shared.request.fields import Archive, Replace
from shared.request.restore_request import RestoreRequest

LONGEST_RULE_NAME = 64
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
