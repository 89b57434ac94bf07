"""ARNs, as values."""

from typing import NamedTuple, Self


class Arn(NamedTuple):
    """The name of a resource in all of AWS: `arn:partition:service:region:account:resource`."""

    partition: str
    service: str
    region: str
    account_id: str
    resource: str
    """The type and the id, with the separator of the service: `cluster-snapshot:nightly`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an ARN; raises `ValueError` for what is none."""
        prefix, *parts = text.split(":", 5)
        if prefix != "arn" or len(parts) != len(cls._fields):
            raise ValueError(f"not an ARN: {text}")
        return cls(*parts)

    @property
    def name(self) -> str:
        """The id of a resource whose type ends in a colon, as all of RDS do."""
        return self.resource.split(":", 1)[-1]

    def sibling(self, resource: str) -> Self:
        """The ARN of another resource of the same service, account and region."""
        return self._replace(resource=resource)

    def __str__(self) -> str:
        return ":".join(("arn", *self))
