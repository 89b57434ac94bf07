"""The parts of the picture as SVG."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from local.documents.flow.geometry import GRID, Box, Point
from local.documents.flow.graph import Stage
from local.documents.flow.placing import LINE, TITLE, Card

_BEND = 6
_ROUNDED = 8


def arrow(kind: str) -> str:
    """The head of the lines of a kind, to be defined once."""
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="{kind}-head" d="M0 0.6 L7.5 4 L0 7.4 Z"/></marker>'
    )


def line(points: Sequence[Point], kind: str) -> str:
    """A line with rounded bends and a head."""
    places = [(point.x * GRID, point.y * GRID) for point in points]
    path = "M{} {}".format(*places[0])
    for before, corner, after in zip(places, places[1:], places[2:], strict=False):
        near, far = _toward(corner, before), _toward(corner, after)
        path += " L{:g} {:g} Q{:g} {:g} {:g} {:g}".format(*near, *corner, *far)
    path += " L{} {}".format(*places[-1])
    return f'<path class="{kind}" marker-end="url(#{kind})" d="{path}"/>'


def band(stage: Stage, box: Box, strip: Box) -> str:
    """The ground of a stage, with its name along one side."""
    turn = -90 if strip.x == box.x else 90
    start, end = (box.right, box.x) if turn > 0 else (box.x, box.right)
    inward, sweep = (-_ROUNDED, 0) if turn > 0 else (_ROUNDED, 1)
    inner = start + (strip.width if end > start else -strip.width)
    x, y = strip.centre
    return (
        f'<g class="{stage}">{_rectangle(box, _ROUNDED, "band")}'
        f'<path class="strip" d="M{inner} {box.bottom} H{start + inward} '
        f"a8 8 0 0 {sweep} {-inward} {-_ROUNDED} V{box.y + _ROUNDED} "
        f'a8 8 0 0 {sweep} {inward} {-_ROUNDED} H{inner} Z"/>'
        f'<text class="stage" transform="translate({x:g} {y:g}) rotate({turn})" y="4">'
        f"{stage.upper()}</text></g>"
    )


def card(title: str, what: Card, kind: str) -> str:
    """A box with a title, and what it is about in a few lines."""
    box = what.box
    x, y = box.x + 10, box.y + (box.height - LINE * len(what.lines) - TITLE) / 2 + 10
    lines = (
        text("text", one, x, y + LINE * number + 2)
        for number, one in enumerate(what.lines, start=1)
    )
    return f"{_rectangle(box, 6, kind)}{text('title', title, x, y)}{''.join(lines)}"


def pill(title: str, box: Box, kind: str) -> str:
    """A box of round ends, with its text in the middle."""
    x, y = box.centre
    return _rectangle(box, 12, kind) + text(f"{kind}-title", title, x, y + 4.5)


def clock(box: Box) -> str:
    """A wait."""
    x, y = box.centre
    radius = box.width / 2
    up, right, down = y - radius * 0.55, x + radius * 0.4, y + radius * 0.25
    return (
        f'<circle class="wait" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>'
        f'<path class="hands" d="M{x:g} {up:g} V{y:g} L{right:g} {down:g}"/>'
    )


def text(kind: str, words: str, x: float, y: float) -> str:
    """A line of text."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def _rectangle(box: Box, radius: int, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{box.x}" y="{box.y}" width="{box.width}" '
        f'height="{box.height}" rx="{radius}"/>'
    )


def _toward(corner: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """The point of the line from a corner to another at which its rounding ends."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    share = min(_BEND / (abs(across) + abs(down)), 0.5)
    return corner[0] + across * share, corner[1] + down * share
