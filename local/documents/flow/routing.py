"""Lines from box to box: along a grid, around the other boxes, with few bends and few crossings.

Every line is the cheapest path for what was drawn before it. Lines that end at the same box may
join, as roads do; no others share a stretch.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from local.documents.flow.geometry import Box, Point

_BEND = 4.0
_CROSSING = 9.0
_BESIDE_A_LINE = 1.5
_BESIDE_A_BOX = 1.0
_INSIDE_AN_AREA = 2.0
_ALONG_A_BORDER = 6.0
_OFF_THE_MIDDLE = 0.2
_JOINED = 0.6

_DOWN, _RIGHT, _LEFT, _UP = _WAYS = Point(0, 1), Point(1, 0), Point(-1, 0), Point(0, -1)


class _Place(NamedTuple):
    """A point, and the way on which it was reached."""

    point: Point
    way: Point


class Router:
    """Finds the lines one after the other, and remembers where they are."""

    def __init__(self, sheet: Box, boxes: Sequence[Box], areas: Sequence[Box]) -> None:
        taken = {point for box in boxes for point in box.points()}
        self.free = frozenset(sheet.points()) - taken
        self._beside_a_box = {point.to(way) for point in taken for way in _WAYS}
        self._areas = areas
        self._borders = {place for area in areas for place in _border(area)}
        self._lines: dict[tuple[Point, bool], dict[str, Point]] = defaultdict(dict)
        self._beside_a_line: dict[tuple[Point, bool], set[str]] = defaultdict(set)

    def route(self, source: Box, target: Box, name: str) -> tuple[Point, ...]:
        """The corners of a line between two boxes, its ends included; `name` is the target's."""
        points = _Search(self, source, target, name).cheapest()
        for one, other in pairwise(points):
            way = one.way_to(other)
            across = _is_across(way)
            for point in (one, other):
                self._lines[point, across][name] = way
                for side in _WAYS:
                    if _is_across(side) != across:
                        self._beside_a_line[point.to(side), across].add(name)
        return _corners(points)

    def cost(self, start: _Place, way: Point, name: str) -> float | None:
        """What a step of one point costs a line; `None` if another line is in its way."""
        end, across = start.point.to(way), _is_across(way)
        there = [self._lines.get((point, across), {}) for point in (start.point, end)]
        if any(one != (name, way) for lines in there for one in lines.items()):
            return None
        cost = _JOINED if all(there) else 1.0
        cost += _CROSSING * len(self._lines.get((end, not across), {}).keys() - {name})
        cost += _BEND * (way != start.way)
        cost += _ALONG_A_BORDER * ((end, across) in self._borders)
        cost += _BESIDE_A_BOX * (end in self._beside_a_box)
        return cost + _BESIDE_A_LINE * bool(self._beside_a_line.get((end, across), set()) - {name})

    def strange_to(self, source: Box, target: Box) -> frozenset[Point]:
        """Where a line between the two has no business: in the areas that hold neither."""
        ends = source.corner, target.corner
        strange = (area for area in self._areas if not any(area.holds(end) for end in ends))
        return frozenset(point for area in strange for point in area.points())


class _Search:
    """The search for one line."""

    def __init__(self, router: Router, source: Box, target: Box, name: str) -> None:
        self._router, self._source, self._target, self._name = router, source, target, name
        self._strange = router.strange_to(source, target)
        self._ends = {_Place(port, out.back): off for port, out, off in _ports(target, source)}
        self._costs: dict[_Place, float] = {}
        self._left: set[_Place] = set()
        self._before: dict[_Place, _Place] = {}
        self._queue: list[tuple[float, _Place]] = []

    def cheapest(self) -> list[Point]:
        """Every point of the cheapest line."""
        for port, out, off in _ports(self._source, self._target):
            self._reach(_Place(port, out), _OFF_THE_MIDDLE * off)
        while self._queue:
            _, place = heapq.heappop(self._queue)
            if place in self._ends:
                return self._traced(place)
            if place in self._left:
                continue
            self._left.add(place)
            for way in self._ways_from(place):
                self._go(place, way)
        raise ValueError(f"There is no way left to {self._name}.")

    def _ways_from(self, place: _Place) -> Sequence[Point]:
        if place.point not in self._router.free:
            return (place.way,)  # From the edge of the box, straight out of it.
        return tuple(way for way in _WAYS if way != place.way.back)

    def _go(self, place: _Place, way: Point) -> None:
        following = _Place(place.point.to(way), way)
        is_end = following in self._ends and place.point in self._router.free
        if not (is_end or following.point in self._router.free):
            return
        cost = self._router.cost(place, way, self._name)
        if cost is not None:
            cost += _INSIDE_AN_AREA * (following.point in self._strange)
            cost += _OFF_THE_MIDDLE * self._ends.get(following, 0)
            self._reach(following, self._costs[place] + cost, place)

    def _reach(self, place: _Place, cost: float, before: _Place | None = None) -> None:
        if cost >= self._costs.get(place, float("inf")):
            return
        self._costs[place] = cost
        if before:
            self._before[place] = before
        ahead = _JOINED * self._target.distance_from(place.point)
        heapq.heappush(self._queue, (cost + ahead, place))

    def _traced(self, place: _Place) -> list[Point]:
        points = [place.point]
        while place in self._before:
            place = self._before[place]
            points.append(place.point)
        return points[::-1]


def _ports(box: Box, toward: Box) -> Iterator[tuple[Point, Point, float]]:
    """Where a line can leave a box: the point, the way out, how far that is from where it should.

    That is the middle of a side, or of the other box where this one reaches beyond both its sides.
    A square holds a circle, which lines meet in the middle of a side.
    """
    left, top, right, bottom = box.edges
    columns, rows = range(left + 1, right), range(top + 1, bottom)
    other_left, other_top, other_right, other_bottom = toward.edges
    across, down = (left + right) / 2, (top + bottom) / 2
    if box.is_square:
        columns, rows = columns[len(columns) // 2 :][:1], rows[len(rows) // 2 :][:1]
    if left <= other_left and other_right <= right:
        across = (other_left + other_right) / 2
    if top <= other_top and other_bottom <= bottom:
        down = (other_top + other_bottom) / 2
    for x in columns:
        yield Point(x, bottom), _DOWN, abs(x - across)
        yield Point(x, top), _UP, abs(x - across)
    for y in rows:
        yield Point(right, y), _RIGHT, abs(y - down)
        yield Point(left, y), _LEFT, abs(y - down)


def _border(area: Box) -> Iterator[tuple[Point, bool]]:
    left, top, right, bottom = area.edges
    for point in area.points():
        if point.x in (left, right):
            yield point, False
        if point.y in (top, bottom):
            yield point, True


def _is_across(way: Point) -> bool:
    return way.x != 0


def _corners(points: Sequence[Point]) -> tuple[Point, ...]:
    inner = (
        point
        for before, point, after in zip(points, points[1:], points[2:], strict=False)
        if before.way_to(point) != point.way_to(after)
    )
    return (points[0], *inner, points[-1])
