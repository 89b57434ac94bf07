"""Rules of the house that would otherwise be paragraphs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared import errors
from shared.errors import RestoreError, Terminal
from shared.steps import Step
from tests.house.source import imported_names

MAY_IMPORT = {
    "lambdas": {"shared"},
    "shared": {"shared"},
    "infra": {"infra", "shared"},
    "local": {"local", "infra", "shared"},
}
FOLDERS = {"lambdas", "shared", "infra", "local", "tests"}
TROUBLESHOOTING = Path("docs/troubleshooting/01_common_issues.md")


def files_of(folder: str) -> list[Path]:
    return sorted(Path(folder).rglob("*.py"))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folders_import_only_what_they_may(folder: str) -> None:
    for file in files_of(folder):
        ours = {module.split(".")[0] for module in imported_names(file)} & FOLDERS
        assert ours <= MAY_IMPORT[folder], f"{file} imports {ours - MAY_IMPORT[folder]}"


def test_there_is_one_file_per_step_under_the_steps_own_name() -> None:
    files = {file.stem for file in files_of("lambdas")} - {"__init__"}

    assert files == {step.module for step in Step}


@pytest.mark.parametrize("step", Step)
def test_a_step_begins_with_its_handler_and_does_no_plumbing(step: Step) -> None:
    text = Path(f"lambdas/{step.module}.py").read_text()

    assert f"@step(Step.{step}" in text
    assert not {*imported_names(Path(f"lambdas/{step.module}.py"))} & {"boto3", "os", "logging"}
    assert "try:" not in text


def test_nothing_but_setup_db_users_needs_the_postgres_driver() -> None:
    script = "import sys, lambdas.{}; print('psycopg2' in sys.modules, 'boto3' in sys.modules)"

    for step in Step:
        answer = subprocess.run(
            [sys.executable, "-c", script.format(step.module)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert answer == [str(step is Step.SETUP_DB_USERS), "True"], step


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "common", "base", "manager", "misc"}

    for folder in FOLDERS:
        assert not {file.stem for file in files_of(folder)} & drawers


def leaves() -> list[str]:
    return [
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, RestoreError) and not one.__subclasses__()
    ]


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"── (\w+)", errors.__doc__ or "")

    assert sorted(drawn) == sorted([*leaves(), "Retryable", "Terminal"])


def test_every_terminal_error_is_explained_in_the_troubleshooting_guide() -> None:
    explained = set(re.findall(r"^### (\w+)$", TROUBLESHOOTING.read_text(), re.MULTILINE))

    assert {name for name in leaves() if issubclass(getattr(errors, name), Terminal)} <= explained
    assert explained <= set(leaves())
