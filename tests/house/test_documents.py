"""What the documents name is there, and what CONTRIBUTING.md lists is complete."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from shared import errors
from shared.errors import RestoreError, Retryable, Terminal
from shared.operation.audit import EventType
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.request.restore_request import RestoreRequest
from shared.steps import Step

DOCUMENTS = sorted(
    [*Path().glob("*.md"), *Path("docs").rglob("*.md"), *Path("tests").rglob("*.md")]
)
FOLDERS = ("docs", "infra", "lambdas", "local", "requirements", "shared", "statemachine", "tests")
CONTRIBUTING = Path("CONTRIBUTING.md")
ALARMS = Path("infra/observability/alarms.py")
DATA_FLOW = Path("docs/architecture/04_data_flow.md")
GUIDES = Path("docs/implementation_guide")
TARGETS = re.findall(r"^([a-z]+):", Path("Makefile").read_text(), re.MULTILINE)

Names = Sequence[Iterable[str]]
"""What somebody adds one more of: the names of those that are there, each with its spellings."""


def leaves(kind: type[RestoreError]) -> Names:
    return [
        [name]
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, kind) and not one.__subclasses__()
    ]


EXISTING: dict[str, Sequence[Names]] = {
    "A request field": [[[name] for name in RestoreRequest.model_fields]],
    "An error": [leaves(Terminal), leaves(Retryable)],
    "An audit event": [[[event] for event in EventType]],
    "A kind of operation": [[[kind.name] for kind in Kind]],
    "An alarm": [[[name] for name in re.findall(r'name="([a-z-]+)"', ALARMS.read_text())]],
    "A step": [[[step, step.module, step.state, step.function] for step in Step]],
}
EXAMPLES = {
    "A request field": "keep_replaced_hours",
    "An error": "CopyFailed",
    "An audit event": "COPY_STARTED",
    "A kind of operation": "CLEAN_UP",
    "An alarm": "snapshots-left",
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"(?:\]\(|src=\")([^)\s\"]+)", prose(document)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        file = (document.parent / path) if path else document
        assert file.exists(), target
        assert not heading or heading in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_path_that_is_named_exists(document: Path) -> None:
    for path in paths(prose(document)):
        assert found(path), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_target_of_make_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(), re.MULTILINE))

    assert named <= set(TARGETS)


def test_the_forge_calls_the_targets_that_everybody_calls() -> None:
    workflow = Path(".github/workflows/ci.yml").read_text()

    assert re.findall(r"run: (.+)", workflow) == ["make test", "make check"]


def test_the_data_flow_names_every_field_that_is_stored_of_an_operation() -> None:
    (section,) = re.findall(r"^## State object\n(.*?)^## ", DATA_FLOW.read_text(), re.M | re.S)

    stored = {name for name, field in Operation.model_fields.items() if not field.exclude}

    assert not stored - set(re.findall(r"[`\"]([a-z_]+)[`\"]", section))


def test_the_guides_agree_on_the_alarms_that_are_billed() -> None:
    operations = (GUIDES / "05_operations.md").read_text()
    cost = (GUIDES / "08_cost.md").read_text()

    (always,) = re.findall(r"(\d+) alarms over (\d+) metrics", operations)
    (schedule,) = re.findall(r"schedule (\d+) more over (\d+) metrics", operations)

    assert re.findall(r"\| alarms \| (\d+) over (\d+) metrics", cost) == [always]
    assert re.findall(r"up to (\d+) over (\d+) for each", cost) == [schedule]
    assert re.findall(r"alarms \((\d+) metrics\)", cost) == [always[1]]


@pytest.mark.parametrize("kind", EXISTING)
def test_the_list_for_one_more_has_every_file_that_names_all_that_are_there(kind: str) -> None:
    listed = places(kind)

    for names in EXISTING[kind]:
        assert names
        missing = [file for file in sources() if names_all(file, names) and file not in listed]
        assert not missing, missing


@pytest.mark.parametrize(("kind", "example"), EXAMPLES.items())
def test_the_list_for_one_more_leads_to_every_file_of_one_that_is_there(
    kind: str, example: str
) -> None:
    listed = places(kind)

    for file in sources():
        if file.parts[0] != "tests" and names_all(file, [[example]]):
            assert {file, *file.parents} & listed, file


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The names that the forge gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def paths(text: str) -> list[str]:
    """What is set as code and looks like a path of this repository."""
    spans = re.findall(r"`([^`\s]+)`", text)
    return [span for span in spans if span.split("/")[0] in FOLDERS and "/" in span]


def found(path: str) -> set[Path]:
    """What has that name, a folder if it ends in a slash.

    `<stage>` and `<step>` stand for each of them.
    """
    stages = {file.parent.name for file in Path("shared").glob("*/transitions.py")}
    filled = [path]
    for placeholder, names in (("<stage>", stages), ("<step>", {step.module for step in Step})):
        filled = [one.replace(placeholder, name) for one in filled for name in sorted(names)]
    there = {Path(one) for one in filled if Path(one).exists()}
    return {one for one in there if one.is_dir() or not path.endswith("/")}


def places(kind: str) -> set[Path]:
    """The files and folders that CONTRIBUTING.md lists for one more of a kind."""
    (section,) = re.findall(rf"^### {kind}\n(.*?)^##", CONTRIBUTING.read_text(), re.M | re.S)
    return {place for path in paths(section) for place in found(path)}


def sources() -> list[Path]:
    """Every file that people write, and every document."""
    return [
        file
        for folder in FOLDERS
        for file in sorted(Path(folder).rglob("*"))
        if file.suffix in {".py", ".md", ".json", ".toml", ".svg"} and "fixtures" not in file.parts
    ]


def names_all(file: Path, names: Names) -> bool:
    words = set(re.findall(r"\w+(?:-\w+)*", file.read_text()))
    return all(words & set(spellings) for spellings in names)
