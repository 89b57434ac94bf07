"""What is too much in a template, and which setting makes it so."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from infra.limits.counted import (
    LIMITS,
    LONGEST_INLINE_POLICIES,
    LONGEST_MANAGED_POLICY,
    LONGEST_TEMPLATE,
    MOST_MANAGED_POLICIES,
    MOST_RESOURCES,
    at,
    policies_of_roles,
)
from infra.limits.sizes import Place, Sizes
from infra.settings.context import ContextSettings, WrongSettings


class Excess(NamedTuple):
    """A count of AWS's that is exceeded."""

    what: str
    counted: int
    most: int
    unit: str
    source: str
    content: str
    """What was counted, to see whose fault it is."""


def check_limits(template: Mapping[str, Any], settings: ContextSettings, place: Place) -> None:
    """Raise `WrongSettings` naming all that AWS would refuse, and the settings that cause it."""
    problems = [
        f"{one.what} has {one.counted:,} {one.unit}; AWS takes {one.most:,} ({one.source})."
        f"{_cause(one.content, settings)}"
        for one in excesses(template, place)
    ]
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise WrongSettings(f"The settings make more than AWS takes:{listed}")


def excesses(template: Mapping[str, Any], place: Place) -> Iterator[Excess]:
    """Everything in the template that AWS would count as too much."""
    resources, sizes = template["Resources"], Sizes(template, place)
    yield from _of_resources(resources, sizes)
    yield from _of_policies(resources, sizes)
    yield from _of_template(template)


def _of_resources(resources: Mapping[str, Any], sizes: Sizes) -> Iterator[Excess]:
    for name, resource in resources.items():
        for limit in LIMITS:
            value = at(resource.get("Properties", {}), limit.path)
            if resource["Type"] != limit.kind or value is None:
                continue
            counted = limit.measure(sizes, value)
            if counted > limit.most:
                text = sizes.text(value)
                yield Excess(name, counted, limit.most, limit.unit, limit.source, text)


def _of_policies(resources: Mapping[str, Any], sizes: Sizes) -> Iterator[Excess]:
    source = "IAM user guide, IAM and STS quotas"
    managed = list(policies_of_roles(resources, "AWS::IAM::ManagedPolicy"))
    for _, name, document in managed:
        counted = sizes.characters(document)
        if counted > LONGEST_MANAGED_POLICY:
            unit = "characters of managed policy"
            text = sizes.text(document)
            yield Excess(name, counted, LONGEST_MANAGED_POLICY, unit, source, text)
    for role, count in Counter(role for role, _, _ in managed).items():
        if count > MOST_MANAGED_POLICIES:
            text = "".join(sizes.text(document) for of, _, document in managed if of == role)
            yield Excess(role, count, MOST_MANAGED_POLICIES, "managed policies", source, text)
    inline: dict[str, list[str]] = {}
    for role, _, document in policies_of_roles(resources, "AWS::IAM::Policy"):
        inline.setdefault(role, []).append(sizes.text(document))
    for role, documents in inline.items():
        counted = sum(map(len, documents))
        if counted > LONGEST_INLINE_POLICIES:
            unit, text = "characters of inline policies", "".join(documents)
            yield Excess(role, counted, LONGEST_INLINE_POLICIES, unit, source, text)


def _of_template(template: Mapping[str, Any]) -> Iterator[Excess]:
    source = "CloudFormation user guide, quotas"
    text = json.dumps(template, indent=1)  # as CDK writes it
    for counted, most, unit in (
        (len(template["Resources"]), MOST_RESOURCES, "resources"),
        (len(text.encode()), LONGEST_TEMPLATE, "bytes"),
    ):
        if counted > most:
            yield Excess("The template", counted, most, unit, source, text)


def _cause(content: str, settings: ContextSettings) -> str:
    """The setting whose values take the most room in what was counted, in a sentence."""
    values = settings.model_dump(mode="json")
    weights = {name: _weight(value, content) for name, value in _named(values)}
    name, weight = max(weights.items(), key=lambda one: one[1])
    if not weight:
        return ""
    value = dict(_named(values))[name]
    entries = f" ({len(value)} entries)" if isinstance(value, list | dict) else ""
    return f" Most of it comes from the setting {name}{entries}: make it less."


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings by name; the defaults, notifications and the network one by one."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", inner) for part, inner in value.items())
        else:
            yield name, value


def _weight(value: Any, content: str) -> int:
    """How many characters of the content are values of a setting."""
    match value:
        case str():
            return len(value) * content.count(value) if value else 0
        case dict():
            return sum(_weight(part, content) for part in value.values())
        case list():
            return sum(_weight(part, content) for part in value)
        case _:
            return 0
