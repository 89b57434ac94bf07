"""Points of the grid that everything is placed on, and boxes between them."""

from collections.abc import Iterator
from typing import NamedTuple

GRID = 8
"""Pixels between two points."""


class Point(NamedTuple):
    """A point of the grid, counted from the top left."""

    x: int
    y: int

    def to(self, way: "Point") -> "Point":
        """The point that lies that way."""
        return Point(self.x + way.x, self.y + way.y)

    def way_to(self, neighbour: "Point") -> "Point":
        return Point(neighbour.x - self.x, neighbour.y - self.y)

    @property
    def back(self) -> "Point":
        """The opposite way."""
        return Point(-self.x, -self.y)


class Box(NamedTuple):
    """A rectangle, in pixels; what lines end at or run around lies on the grid."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in points of the grid."""
        return self.x // GRID, self.y // GRID, self.right // GRID, self.bottom // GRID

    @property
    def is_square(self) -> bool:
        return self.width == self.height

    @property
    def corner(self) -> Point:
        return Point(self.x // GRID, self.y // GRID)

    def points(self) -> Iterator[Point]:
        """Every point of the grid inside, and on the edge."""
        left, top, right, bottom = self.edges
        for y in range(top, bottom + 1):
            yield from (Point(x, y) for x in range(left, right + 1))

    def holds(self, point: Point) -> bool:
        """Whether the point is inside, or on the edge."""
        left, top, right, bottom = self.edges
        return left <= point.x <= right and top <= point.y <= bottom

    def distance_from(self, point: Point) -> int:
        """Points between it and the nearest of the box, along the grid."""
        left, top, right, bottom = self.edges
        across = max(left - point.x, 0, point.x - right)
        return across + max(top - point.y, 0, point.y - bottom)

    def overlap(self, other: "Box") -> int:
        """Square pixels that both cover."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(across, 0) * max(down, 0)
