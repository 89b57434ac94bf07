"""Who may import whom inside the CDK app, and what the app may take from the functions' code."""

import re
from pathlib import Path

import pytest

from tests.house.source import imported_names, imports, name_of

FLOORS = (
    "synth",
    "stacks",
    "observability",
    "constructs",
    "permissions",
    "limits",
    "settings",
    "bundling",
    "bytecode",
)
"""From top to bottom, as the map in `infra/__init__.py` shows them."""

FROM_SHARED = (
    "arns",
    "clock",
    "errors",
    "model",
    "names",
    "resources",
    "steps",
    "request",
    "settings",
    "operation.status",
    "replacing.guard_rails",
)
FILES = [file for file in sorted(Path("infra").rglob("*.py")) if file != Path("infra/__init__.py")]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_package_imports_only_from_floors_below(file: Path) -> None:
    own = file.relative_to("infra").parts[0].removesuffix(".py")
    below = FLOORS[FLOORS.index(own) :]

    imported = {
        module.split(".")[1] for module in imported_names(file) if module.startswith("infra.")
    }

    # What `infra` itself defines are constants, such as the place of Node.
    assert {name for name in imported if not name.isupper()} <= set(below)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_app_takes_nothing_from_the_functions_code_that_only_runs_there(file: Path) -> None:
    taken = {module for module in imports()[name_of(file)] if module.startswith("shared.")}
    allowed = tuple(f"shared.{name}." for name in FROM_SHARED)

    assert {module for module in taken if not f"{module}.".startswith(allowed)} == set()


def test_the_map_shows_every_package_from_top_to_bottom() -> None:
    shown = re.findall(r"^    (\w+)  ", Path("infra/__init__.py").read_text(), re.MULTILINE)

    assert shown == list(FLOORS)
    assert set(shown) == {file.relative_to("infra").parts[0].removesuffix(".py") for file in FILES}
