"""The picture of the flow in `docs/`, drawn from the state machine's definition.

make pictures
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import assert_never
from xml.sax.saxutils import escape

from local.documents.flow import shapes, style
from local.documents.flow.geometry import GRID, Box, Point
from local.documents.flow.graph import Flow, Kind, State, Transition, read_definition, read_flow
from local.documents.flow.labels import place_labels
from local.documents.flow.placing import HEADING, Layout, place
from local.documents.flow.routing import Router
from local.documents.flow.text import wrap
from shared.steps import Step

PICTURE = Path("docs/architecture/flow.svg")

_FAILURE = Transition("A step fails, at any point", Step.SNS_NOTIFICATION.state)

_SIGNS = {
    "a step: one Lambda function": '<rect class="card" y="-8" width="26" height="16" rx="4"/>',
    "a choice, by what it found": '<rect class="choice" y="-8" width="26" height="16" rx="8"/>',
    "a wait, longer each time": '<circle class="wait" cx="13" r="8"/>'
    '<path class="hands" d="M13 -4.5 V0 L16 2"/>',
}


def picture() -> str:
    """The picture of the definition that is deployed."""
    flow = read_flow(read_definition())
    layout = place(flow)
    return drawn(flow, layout, routed(flow, layout))


def drawn(flow: Flow, layout: Layout, lines: Mapping[Transition, Sequence[Point]]) -> str:
    """The picture as an SVG document."""
    wide, high = layout.size
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
        f'height="{high}" role="img" aria-labelledby="title" font-family="{style.FONTS}">',
        f'<title id="title">{escape(flow.comment)}</title>',
        f"<style>{style.sheet()}</style>",
        f"<defs>{shapes.arrow('line')}{shapes.arrow('failing')}</defs>",
        f'<rect class="paper" x="0.5" y="0.5" width="{wide - 1}" height="{high - 1}" rx="10"/>',
        *(shapes.band(stage, band, layout.strips[stage]) for stage, band in layout.bands.items()),
        *(
            shapes.line(points, "failing" if one is _FAILURE else "line")
            for one, points in lines.items()
        ),
        *(_state(state, layout) for state in flow.states),
        shapes.card(_FAILURE.source, layout.failure, "failure"),
        *_legend(flow, layout.legend),
        *(shapes.text("reason", *label) for label in place_labels(lines, layout)),
        "</svg>\n",
    )
    return "\n".join(parts)


def routed(flow: Flow, layout: Layout) -> Mapping[Transition, Sequence[Point]]:
    """A line per transition; the shortest first, for they have the least choice."""
    sheet = Box(GRID, GRID, layout.size[0] - 2 * GRID, layout.size[1] - 2 * GRID)
    router = Router(sheet, layout.obstacles, tuple(layout.bands.values()))
    boxes = {**layout.boxes, _FAILURE.source: layout.failure.box}

    def length(transition: Transition) -> float:
        (x, y), (to_x, to_y) = boxes[transition.source].centre, boxes[transition.target].centre
        return abs(to_x - x) + abs(to_y - y)

    lines = {_FAILURE: router.route(boxes[_FAILURE.source], boxes[_FAILURE.target], "failure")}
    for one in sorted(flow.transitions, key=length):
        lines[one] = router.route(boxes[one.source], boxes[one.target], one.target)
    return lines


def _state(state: State, layout: Layout) -> str:
    match state.kind:
        case Kind.TASK:
            shape = shapes.card(state.title, layout.cards[state.name], "card")
        case Kind.CHOICE:
            shape = shapes.pill(state.title, layout.others[state.name], "choice")
        case Kind.WAIT:
            shape = shapes.clock(layout.others[state.name])
        case Kind.END:
            shape = shapes.pill(state.title, layout.others[state.name], "end")
        case unknown:
            assert_never(unknown)
    return f'<g class="{state.stage}"><title>{escape(state.comment)}</title>{shape}</g>'


def _legend(flow: Flow, box: Box) -> Iterator[str]:
    """What is drawn here, and what the signs in it mean."""
    y = box.y + 18
    for line in wrap(flow.sentences[0], HEADING, box.width):
        yield shapes.text("heading", line, box.x, y)
        y += 20
    for meaning, sign in _SIGNS.items():
        yield f'<g class="sign" transform="translate({box.x} {y})">{sign}</g>'
        yield shapes.text("text", meaning, box.x + 36, y + 4)
        y += 22


if __name__ == "__main__":
    PICTURE.write_text(picture())
