"""The picture of the flow: as current as its source, complete, and legible."""

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from local.documents.flow.geometry import Point
from local.documents.flow.graph import (
    REASONS,
    STAGE_OF,
    Flow,
    Kind,
    Stage,
    Transition,
    read_definition,
    read_flow,
)
from local.documents.flow.labels import place_labels
from local.documents.flow.picture import PICTURE, drawn, routed
from local.documents.flow.placing import Layout, place
from local.documents.flow.text import width, wrap
from shared.steps import Step

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def flow() -> Flow:
    return read_flow(read_definition())


@pytest.fixture(scope="module")
def layout(flow: Flow) -> Layout:
    return place(flow)


@pytest.fixture(scope="module")
def lines(flow: Flow, layout: Layout) -> Mapping[Transition, Sequence[Point]]:
    return routed(flow, layout)


@pytest.fixture(scope="module")
def committed() -> ElementTree.Element:
    return ElementTree.fromstring(PICTURE.read_text())


def test_the_picture_is_what_the_definition_draws(
    flow: Flow, layout: Layout, lines: Mapping[Transition, Sequence[Point]]
) -> None:
    assert PICTURE.read_text() == drawn(flow, layout, lines), "draw it again: make pictures"


def test_it_says_every_state_and_why_each_branch_is_taken(
    flow: Flow, committed: ElementTree.Element
) -> None:
    said = {element.text for element in committed.iter(f"{SVG}text")}

    assert {state.title for state in flow.states if state.kind is not Kind.WAIT} <= said
    assert {transition.reason for transition in flow.transitions if transition.reason} <= said
    assert {stage.upper() for stage in Stage} <= said


def test_every_branch_of_the_definition_has_a_reason_and_no_other_has() -> None:
    branches = {
        (name, branch["StringEquals"])
        for name, state in read_definition()["States"].items()
        for branch in state.get("Choices", ())
    }

    assert set(REASONS) == branches


def test_every_step_has_its_stage() -> None:
    assert set(STAGE_OF) == set(Step)
    assert set(STAGE_OF.values()) == set(Stage)


def test_what_waits_and_decides_belongs_to_the_stage_of_the_step_before(flow: Flow) -> None:
    assert flow.by_name["WaitForCopy"].stage is Stage.COPY
    assert flow.by_name["RestoreFinished?"].stage is Stage.RESTORE
    assert flow.by_name["Restored"].stage is Stage.CLOSE


def test_there_is_a_line_for_every_transition_and_one_for_what_fails(
    flow: Flow, committed: ElementTree.Element
) -> None:
    paths = [element.get("class") for element in committed.iter(f"{SVG}path")]

    assert paths.count("line") == len(flow.transitions)
    assert paths.count("failing") == 1


def test_no_line_goes_through_a_box(
    layout: Layout, lines: Mapping[Transition, Sequence[Point]]
) -> None:
    inside = {point for box in layout.obstacles for point in box.points()}

    for points in lines.values():
        assert not inside & set(every(points)[1:-1])


def test_lines_share_a_stretch_only_when_they_lead_to_the_same_state(
    lines: Mapping[Transition, Sequence[Point]],
) -> None:
    for (one, here), (other, there) in combinations(lines.items(), 2):
        if one.target != other.target or "fails" in one.source + other.source:
            assert not stretches(here) & stretches(there), (one, other)


def test_no_reason_covers_a_box_or_another_reason(
    layout: Layout, lines: Mapping[Transition, Sequence[Point]]
) -> None:
    labels = [label.box for label in place_labels(lines, layout)]

    for label in labels:
        assert not any(label.overlap(box) for box in layout.obstacles)
    assert not any(one.overlap(other) for one, other in combinations(labels, 2))


def test_everything_is_on_the_sheet(layout: Layout, committed: ElementTree.Element) -> None:
    wide, high = layout.size

    for box in (*layout.obstacles, *layout.bands.values()):
        assert box.x >= 0
        assert box.right <= wide
        assert box.bottom <= high
    assert committed.get("viewBox") == f"0 0 {wide} {high}"


def test_it_has_colours_for_light_and_for_dark(committed: ElementTree.Element) -> None:
    (style,) = committed.iter(f"{SVG}style")

    light, dark = (style.text or "").split("@media (prefers-color-scheme:dark)")
    for stage in Stage:
        assert f".{stage} .strip" in light
        assert f".{stage} .strip" in dark


def test_text_is_wrapped_into_even_lines_that_fit() -> None:
    text = "Make one move toward exporting, deleting or keeping the temporary snapshots."

    lines = wrap(text, size=12, widest=280)

    assert " ".join(lines) == text
    assert all(width(line, size=12) <= 280 for line in lines)
    assert len(lines) == 2


def stretches(points: Sequence[Point]) -> set[tuple[Point, Point]]:
    """The pieces of a line, one unit of the grid long, whichever way it goes."""
    return {(min(one, other), max(one, other)) for one, other in pairwise(every(points))}


def every(corners: Sequence[Point]) -> list[Point]:
    """Every point of the grid on a line."""
    points = [corners[0]]
    for corner in corners[1:]:
        across, down = corner.x - points[-1].x, corner.y - points[-1].y
        way = Point((across > 0) - (across < 0), (down > 0) - (down < 0))
        while points[-1] != corner:
            points.append(points[-1].to(way))
    return points
