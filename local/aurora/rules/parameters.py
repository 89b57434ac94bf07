"""What RDS accepts as identifiers, passwords, tags and capacities."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from local.aurora.rules.errors import invalid_combination, invalid_value

Tags = list[dict[str, str]]
Parameters = Mapping[str, Any]
"""A request's parameters, under their names in the API."""


def legal_identifier(value: str, parameter: str) -> str:
    """The identifier as RDS stores it: in lower case.

    1 to 63 letters, digits and hyphens; a letter first; no double and no trailing hyphen.
    """
    if not re.fullmatch(r"(?=.{1,63}$)[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*", value):
        raise invalid_value(
            f"{parameter} '{value}' is not a valid identifier: it takes 1 to 63 letters, digits "
            "and hyphens, begins with a letter, and has no double or trailing hyphen."
        )
    return value.lower()


def legal_password(value: str) -> str:
    """8 to 41 printable characters, none of them a slash, a double quote, an at sign or a space."""
    if not re.fullmatch(r"[!-~]{8,41}", value) or set(value) & set('/"@'):
        raise invalid_value(
            "MasterUserPassword must have 8 to 41 printable ASCII characters other than "
            "slash, double quote, at sign and space."
        )
    return value


def legal_tags(tags: Iterable[Mapping[str, str]] | None) -> Tags:
    """The tags as plain dictionaries; some prefixes are not for users (API of RDS, Tag)."""
    plain = [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in tags or ()]
    for tag in plain:
        for part in ("Key", "Value"):
            if tag[part].lower().startswith(("aws:", "rds:")):
                raise invalid_value(
                    f"Tag {part.lower()} {tag[part]} begins with a reserved prefix."
                )
    return plain


def without_reserved(tags: Tags) -> Tags:
    """The tags that may travel from one resource to another."""
    return [tag for tag in tags if not tag["Key"].lower().startswith("aws:")]


def legal_scaling(configuration: Parameters | None) -> dict[str, float] | None:
    """Serverless v2 capacities: 0 to 256 units in halves, the larger one at least 1."""
    if configuration is None:
        return None
    smallest = float(configuration.get("MinCapacity", 0))
    largest = float(configuration.get("MaxCapacity", 0))
    if (
        not 0 <= smallest <= 256
        or not 1 <= largest <= 256
        or (smallest * 2) % 1
        or (largest * 2) % 1
    ):
        raise invalid_value(
            "Serverless v2 capacities go from 0 to 256 in steps of 0.5, MaxCapacity from 1."
        )
    if smallest > largest:
        raise invalid_combination("Serverless v2 MinCapacity is larger than MaxCapacity.")
    return {"MinCapacity": smallest, "MaxCapacity": largest}
