"""The layout: who may import whom, how wide a folder may be, and what belongs together."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared
from shared.operation.audit import EventType
from tests.house.source import ROOTS, imports, longest_chain, modules, tree_of


def floors() -> list[list[str]]:
    """The packages floor by floor, from top to bottom, as the map in `shared` draws them."""
    blocks = re.split(r"\n\s*\n", shared.__doc__ or "")
    drawn = [re.findall(r"^    ([a-z.]+)  ", block, re.MULTILINE) for block in blocks]
    between = [[f"shared.{package}" for package in floor] for floor in drawn if floor]
    return [["lambdas"], *between, ["shared"]]


FLOORS = floors()
FLOOR_OF = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}

WIDEST = 12


def package_of(module: str) -> str | None:
    """The package of the table that a module belongs to: the one that names it most exactly."""
    while module and module not in FLOOR_OF:
        module = module.rpartition(".")[0]
    return module or None


@pytest.mark.parametrize("module", [name for name in modules() if package_of(name)])
def test_a_module_imports_only_from_its_own_package_and_from_floors_below(module: str) -> None:
    own = package_of(module)
    for imported in imports()[module]:
        package = package_of(imported)
        if own and package and package != own:
            assert FLOOR_OF[package] > FLOOR_OF[own], f"{module} imports {imported}"


def test_the_map_shows_every_folder_and_every_module_of_the_ground() -> None:
    folders = {folder.name for folder in Path("shared").iterdir() if any(folder.glob("*.py"))}
    modules_beside = {file.stem for file in Path("shared").glob("*.py")} - {"__init__"}
    drawn = {package.split(".")[1] for package in FLOOR_OF if "." in package}
    named = set(re.findall(r"`(\w+)`", shared.__doc__ or ""))

    assert drawn - modules_beside == folders
    assert modules_beside - drawn <= named


def test_nothing_imports_itself_by_a_detour() -> None:
    assert longest_chain(imports())


def folders() -> list[Path]:
    within = [folder for root in ROOTS for folder in Path(root).rglob("*") if folder.is_dir()]
    return [*map(Path, ROOTS), *within]


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_no_folder_is_wider_than_a_reader_can_take_in(folder: Path) -> None:
    files = [file.stem for file in folder.glob("*.py") if file.name != "__init__.py"]

    assert len(files) <= WIDEST, f"{folder} has {len(files)} modules"


def transitions() -> list[ast.FunctionDef]:
    """Every public function by which an operation moves on."""
    return [
        node
        for file in Path("shared").glob("*/transitions.py")
        for node in tree_of(file).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_every_audit_event_has_its_transition_of_the_same_name() -> None:
    named = Counter(transition.name for transition in transitions())

    assert named == Counter(event.lower() for event in EventType)


def test_a_transition_adds_the_event_that_it_is_named_after() -> None:
    for transition in transitions():
        added = {
            node.attr
            for node in ast.walk(transition)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "EventType"
        }
        assert added == {transition.name.upper()}


def matches() -> Iterator[tuple[Path, ast.Match]]:
    """Every `match` over a kind or a status."""
    for file in modules().values():
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Match) and enums_of(node) & {"Kind", "Status"}:
                yield file, node


def enums_of(match: ast.Match) -> set[str]:
    return {
        pattern.value.value.id
        for case in match.cases
        for pattern in ast.walk(case.pattern)
        if isinstance(pattern, ast.MatchValue)
        and isinstance(pattern.value, ast.Attribute)
        and isinstance(pattern.value.value, ast.Name)
    }


def test_every_match_over_kinds_and_statuses_is_exhaustive() -> None:
    """The type checker proves it, where the last case hands what is left to `assert_never`."""
    found = list(matches())

    assert len(found) >= 6
    for file, match in found:
        assert ast.unparse(match.cases[-1].body[-1]).startswith("assert_never("), file


def test_the_report_imports_nothing_of_the_stored_state_but_what_is_published_too() -> None:
    allowed = {"shared.lengths", "shared.model", "shared.operation.published"}

    assert imports()["shared.messages.report"] <= allowed
    assert imports()["shared.operation.published"] == {"shared.model"}
