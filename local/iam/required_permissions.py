"""What a call requires the policies of its caller's role to allow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from local.calls import Call
from local.iam.conditions import Context


@dataclass(frozen=True)
class RequiredPermission:
    """An action on a resource, and what is known about the request for it."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        known = {name: value for name, value in self.context.items() if value}
        return f"{self.action} on {self.resource}" + (f" with {known}" if known else "")


RequiredBy = Callable[[Call, str], Sequence[RequiredPermission] | None]
"""What a service requires for a call by a role of this account; `None` if the call is unknown."""


def required_permissions(
    call: Call, account_id: str, services: Mapping[str, RequiredBy]
) -> Iterator[RequiredPermission]:
    """Everything that must be allowed for a call by a role of this account.

    An unknown call requires itself on every resource, which no narrow policy allows.
    """
    required_by = services.get(call.service)
    required = required_by(call, account_id) if required_by else None
    itself = RequiredPermission(f"{call.service}:{call.action}", "*")
    region = {"aws:RequestedRegion": call.region}
    for each in required or (itself,):
        yield RequiredPermission(each.action, each.resource, region | dict(each.context))
