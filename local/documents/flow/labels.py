"""Where the reason for a branch is written: near the beginning of its line, where there is room."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from local.documents.flow.geometry import GRID, Box, Point
from local.documents.flow.graph import Transition
from local.documents.flow.placing import SMALL, Layout
from local.documents.flow.text import width

_HEIGHT = 13


class Label(NamedTuple):
    """A text and the middle of its baseline."""

    text: str
    x: float
    y: float

    @property
    def box(self) -> Box:
        wide = width(self.text, SMALL) + 6
        return Box(round(self.x - wide / 2), round(self.y - 10), round(wide), _HEIGHT)


def place_labels(lines: Mapping[Transition, Sequence[Point]], layout: Layout) -> tuple[Label, ...]:
    """A label for every line that has a reason."""
    strokes = {transition: tuple(_strokes(points)) for transition, points in lines.items()}
    obstacles = [*layout.obstacles, *layout.bands.values()]
    labels: list[Label] = []
    for transition, points in lines.items():
        if not transition.reason:
            continue
        others = (stroke for one in lines if one != transition for stroke in strokes[one])
        label = _best(transition.reason, points, (*obstacles, *others))
        labels.append(label)
        obstacles.append(label.box)
    return tuple(labels)


def _best(text: str, points: Sequence[Point], obstacles: Sequence[Box]) -> Label:
    """The label that covers least, nearest to the beginning of the line."""

    def cost(candidate: tuple[float, Label]) -> float:
        far, label = candidate
        covered = (label.box.overlap(box) for box in obstacles)
        return far / 10 + sum(20 + pixels for pixels in covered if pixels)

    return min(_candidates(text, points), key=cost)[1]


def _candidates(text: str, points: Sequence[Point]) -> Iterator[tuple[float, Label]]:
    """Labels along the line, each with how many pixels it is from the beginning."""
    gone = 0
    for one, other in pairwise(points):
        x, y = one.x * GRID, one.y * GRID
        way = Point((other.x > one.x) - (other.x < one.x), (other.y > one.y) - (other.y < one.y))
        length = (abs(other.x - one.x) + abs(other.y - one.y)) * GRID
        beside, above = (0.0, -4.5) if way.x else (width(text, SMALL) / 2 + 5, 3.5)
        for done in range(4, length, 4):
            yield gone + done, Label(text, x + way.x * done + beside, y + way.y * done + above)
        gone += length


def _strokes(points: Sequence[Point]) -> Iterator[Box]:
    """The straight parts of a line, as narrow boxes."""
    for one, other in pairwise(points):
        across, down = abs(one.x - other.x) * GRID, abs(one.y - other.y) * GRID
        left, top = min(one.x, other.x) * GRID, min(one.y, other.y) * GRID
        yield Box(left - 1, top - 1, across + 2, down + 2)
