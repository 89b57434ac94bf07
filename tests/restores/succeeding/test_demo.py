"""The demo on the stage, where time does not pass, and the picture that it leaves of its screen."""

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from local.commands.demo import RESTORING, first_act, second_act
from local.commands.screen import clear, recorded, save, unrecorded
from shared.steps import Step
from tests.restores.conftest import Setting, on_a_stage
from tests.restores.stage import Stage

COMMITTED = Path("docs/demo.svg")
SVG = "{http://www.w3.org/2000/svg}"


@on_a_stage(Setting.CHANGED)
def test_both_acts_hold_and_the_last_one_is_kept_as_a_picture(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "screen.svg"
    console = recorded(file)

    restored = first_act(console, stage.scene, RESTORING)
    refreshed = second_act(console, stage.scene)
    save(console, file, "make demo")

    assert restored
    assert refreshed
    said = text(file)
    assert "Act 2: aurora-staging is refreshed, and serves meanwhile" in said
    assert "Act 1" not in said
    for step in Step:
        assert said.count(f"✔{step.state}") == 1, step
    assert "✔ production's login shop_app is refused" in said
    assert "✘" not in said


def test_the_committed_picture_is_one_that_the_demo_has_written() -> None:
    said = text(COMMITTED)

    assert "Act 2: aurora-staging is refreshed, and serves meanwhile" in said
    for step in Step:
        assert said.count(f"✔{step.state}") == 1, step
    assert "Every proof held" in said


def test_a_picture_asks_nobody_for_a_font(tmp_path: Path) -> None:
    file = tmp_path / "screen.svg"
    console = recorded(file)

    console.print("[bold]something[/]")
    save(console, file, "make demo")

    assert re.findall(r"https?://[^\"]*", file.read_text()) == ["http://www.w3.org/2000/svg"]


def test_what_is_not_to_be_in_the_picture_is_only_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "screen.svg"
    console = recorded(file)

    console.print("before")
    clear(console)
    console.print("kept")
    with unrecorded(console):
        console.print("shown")
    save(console, file, "make demo")

    assert text(file) == "make demo kept"
    assert capsys.readouterr().out.split() == ["before", "kept", "shown"]


def test_without_a_file_nothing_is_recorded() -> None:
    console = recorded(None)

    clear(console)
    with unrecorded(console):
        assert isinstance(console, Console)

    assert not console.record


def text(file: Path) -> str:
    """What the picture says, with single spaces."""
    lines: dict[str, str] = defaultdict(str)
    for element in ElementTree.parse(file).iter(f"{SVG}text"):
        lines[element.attrib["y"]] += element.text or ""
    return " ".join(" ".join(lines.values()).split())
