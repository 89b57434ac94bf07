"""Where everything goes: a band per stage, one below the other, and what replaces beside them.

┌──────────────────────────┐      what the signs mean
│ task  ── wait ──  task   │
└──┬───────────────────────┘
 choice                           ┌──────────┐
┌──┴───────────────────────┐      │   task   │
│ task  ── wait ──  task   │      │   wait   │
└──┬───────────────────────┘      └────┬─────┘
 choice                              choice
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from local.documents.flow.geometry import GRID, Box
from local.documents.flow.graph import Flow, Kind, Stage, State
from local.documents.flow.text import width, wrap

WIDTH = 832
HEADING, TITLE, TEXT, SMALL = 16.0, 13.5, 11.5, 11.0
"""Sizes of the letters, in pixels."""
LINE = 14
"""Pixels from one line of text to the next."""
STRIP = 24
"""The part of a band that says its stage."""

_TOP = 16
_PADDING = 8
_BAND, _BESIDE = (40, 504), (624, 192)
"""Left edge and width of the bands, and of what stands beside them."""
_ABOVE_A_CHOICE, _CHOICE_HEIGHT, _BELOW_A_CHOICE = 16, 32, 24
_WAIT, _BESIDE_A_WAIT = 32, 24
_LEGEND_HEIGHT = 112
_FIRST_TASK, _SECOND_TASK = 232, 152


@dataclass(frozen=True)
class Card:
    """A step, with what it does in lines that fit."""

    box: Box
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Boxes in pixels, by the names of the states and by stage."""

    size: tuple[int, int]
    bands: Mapping[Stage, Box]
    cards: Mapping[str, Card]
    others: Mapping[str, Box]
    legend: Box
    failure: Card

    @cached_property
    def boxes(self) -> Mapping[str, Box]:
        """Those that lines lead from and to."""
        return {name: card.box for name, card in self.cards.items()} | dict(self.others)

    @property
    def strips(self) -> Mapping[Stage, Box]:
        """The parts of the bands that say their stages: on the side where no lines come from."""
        return {
            stage: Box(
                band.x if band.x < WIDTH / 2 else band.right - STRIP, band.y, STRIP, band.height
            )
            for stage, band in self.bands.items()
        }

    @property
    def obstacles(self) -> Sequence[Box]:
        """What no line may cross."""
        return (*self.boxes.values(), *self.strips.values(), self.legend, self.failure.box)


class _Sheet:
    """What has been placed so far."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.bands: dict[Stage, Box] = {}
        self.cards: dict[str, Card] = {}
        self.others: dict[str, Box] = {}

    def stage_across(self, stage: Stage, top: int) -> int:
        """Place a stage as a band with its states in a row; returns where the next may begin."""
        left, inside = _BAND[0] + STRIP + _PADDING, _BAND[1] - STRIP - 2 * _PADDING
        tasks, waits = self._flow.of(stage, Kind.TASK), self._flow.of(stage, Kind.WAIT)
        widths = [_FIRST_TASK, _SECOND_TASK]
        if len(tasks) == 1:
            widths = [inside - len(waits) * (_WAIT + _BESIDE_A_WAIT)]
        height = max(_height(task, wide) for task, wide in zip(tasks, widths, strict=True))
        middle = top + _PADDING + height // 2
        for task, wide in zip(tasks, widths, strict=True):
            x = left if task is tasks[0] else left + inside - wide
            self._card(task, Box(x, top + _PADDING, wide, height))
        for wait in waits:
            x = left + widths[0] + _BESIDE_A_WAIT
            self.others[wait.name] = Box(x, _on_grid(middle) - _WAIT // 2, _WAIT, _WAIT)
        self.bands[stage] = Box(_BAND[0], top, _BAND[1], height + 2 * _PADDING)
        return self._below(stage, left + _FIRST_TASK // 2, self.bands[stage].bottom)

    def stage_beside(self, stage: Stage, top: int) -> int:
        """Place a stage beside the others, with everything in it below each other."""
        (task,), (wait,) = self._flow.of(stage, Kind.TASK), self._flow.of(stage, Kind.WAIT)
        left, inside = _BESIDE[0] + _PADDING, _BESIDE[1] - STRIP - 2 * _PADDING
        height = _height(task, inside)
        self._card(task, Box(left, top + _PADDING, inside, height))
        y = top + _PADDING + height + _ABOVE_A_CHOICE
        self.others[wait.name] = Box(left + inside - _WAIT, y, _WAIT, _WAIT)
        bottom = y + _WAIT + _PADDING
        self.bands[stage] = Box(_BESIDE[0], top, _BESIDE[1], bottom - top)
        (choice,) = self._flow.of(stage, Kind.CHOICE)
        return self._below(stage, left + _wide(choice) // 2, bottom + GRID)

    def _below(self, stage: Stage, middle: int, y: int) -> int:
        """Place what decides, or ends, below the band."""
        for state in (*self._flow.of(stage, Kind.CHOICE), *self._flow.of(stage, Kind.END)):
            wide = _wide(state)
            box = Box(middle - wide // 2, y + _ABOVE_A_CHOICE, wide, _CHOICE_HEIGHT)
            self.others[state.name] = box
            y = box.bottom + _BELOW_A_CHOICE
        return y

    def _card(self, state: State, box: Box) -> None:
        self.cards[state.name] = Card(box, _lines(state.comment, box.width))


def place(flow: Flow) -> Layout:
    """The layout of a flow."""
    sheet, top, tops = _Sheet(flow), _TOP, dict[Stage, int]()
    for stage in Stage:
        if stage is not Stage.REPLACE:
            tops[stage] = top
            top = sheet.stage_across(stage, top)
    sheet.stage_beside(Stage.REPLACE, tops[Stage.RESTORE])
    return Layout(
        size=(WIDTH, top - _BELOW_A_CHOICE + _TOP),
        bands=sheet.bands,
        cards=sheet.cards,
        others=sheet.others,
        legend=Box(_BESIDE[0], _TOP, _BESIDE[1], _LEGEND_HEIGHT),
        failure=_failure(flow, sheet.bands[Stage.CLOSE]),
    )


def _failure(flow: Flow, close: Box) -> Card:
    """What the definition says of failures, beside the step that they lead to."""
    lines = _lines(flow.sentences[-1], _BESIDE[1])
    height = _up(LINE * (len(lines) + 1) + 22)
    top = _on_grid(close.centre[1] - height / 2)
    return Card(Box(_BESIDE[0], top, _BESIDE[1], height), lines)


def _lines(text: str, wide: int) -> tuple[str, ...]:
    return wrap(text, TEXT, wide - 20)


def _height(task: State, wide: int) -> int:
    return _up(LINE * (len(_lines(task.comment, wide)) + 1) + 14)


def _wide(state: State) -> int:
    """Twice a multiple of the grid, so that its middle is on it as well."""
    return 2 * _on_grid(width(state.title, TITLE) / 2 + 16)


def _on_grid(pixels: float) -> int:
    return round(pixels / GRID) * GRID


def _up(pixels: float) -> int:
    return -(-int(pixels) // GRID) * GRID
