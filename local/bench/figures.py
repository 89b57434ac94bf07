"""A figure, and how it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """Something that was measured."""

    what: str
    to_reach: str
    measured: str
    is_reached: bool | None
    """`None` for what is only stated."""

    @property
    def mark(self) -> str:
        return {True: "[green]✔[/]", False: "[red]✘[/]", None: ""}[self.is_reached]


def stated(what: str, measured: str) -> Figure:
    """A figure without a goal."""
    return Figure(what, "stated", measured, None)


def table(figures: Iterable[Figure]) -> Table:
    """The figures, one in a line."""
    lines = Table("what", "to reach", "measured", "", box=None, header_style="bold", pad_edge=False)
    for figure in figures:
        lines.add_row(figure.what, figure.to_reach, figure.measured, figure.mark)
    return lines
