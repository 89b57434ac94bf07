"""The map in the docstring of `local` is true: its folders exist and import only what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import local
from tests.house.source import imported_names

ROOT = Path("local")
FLOORS = ("rules", "model", "actions")
"""Of `aurora`, from the ground up; the modules beside them are on top."""


def the_map() -> dict[str, set[str]]:
    """The folders that each folder may import."""
    folders: dict[str, set[str]] = {}
    for line in (local.__doc__ or "").splitlines():
        if line.startswith("    "):
            folder, _, allowed = line.strip().partition(" ")
            _, _, allowed = allowed.partition("<- ")
            folders[folder] = set(folders) if allowed == "all above" else set(allowed.split())
    return folders


MAP = the_map()


def imports_of(*files: Path) -> Iterator[tuple[str, ...]]:
    """The names below `local` that files import, each in its parts."""
    for file in files:
        for imported in imported_names(file):
            package, *names = imported.split(".")
            if package == "local" and names:
                yield tuple(names)


def test_every_folder_is_on_the_map() -> None:
    folders = {file.parent.name for file in ROOT.glob("*/__init__.py")}

    assert folders == MAP.keys()


@pytest.mark.parametrize("folder", MAP)
def test_a_folder_imports_only_what_the_map_allows(folder: str) -> None:
    imported = {first for first, *_ in imports_of(*(ROOT / folder).rglob("*.py"))}

    assert imported & MAP.keys() <= MAP[folder] | {folder}


def test_nothing_imports_what_is_below_it_on_the_map() -> None:
    folders = list(MAP)

    for position, folder in enumerate(folders):
        assert MAP[folder] <= set(folders[:position])


@pytest.mark.parametrize("module", ["calls", "clock", "background", "patches"])
def test_the_ground_imports_no_folder(module: str) -> None:
    assert not {first for first, *_ in imports_of(ROOT / f"{module}.py")} & MAP.keys()


def test_no_part_of_the_cloud_imports_the_cloud() -> None:
    parts = list(MAP)[: list(MAP).index("rehearsal")]

    for part in parts:
        assert ("cloud",) not in set(imports_of(*(ROOT / part).rglob("*.py")))


@pytest.mark.parametrize(("floor", "height"), [(floor, n) for n, floor in enumerate(FLOORS)])
def test_a_floor_of_aurora_imports_none_above_it(floor: str, height: int) -> None:
    files = (ROOT / "aurora" / floor).glob("*.py")
    imported = {names[1] for names in imports_of(*files) if names[0] == "aurora" and names[1:]}

    assert imported <= set(FLOORS[: height + 1])
