"""How many breakage points were survived: counted by step and fault, and kept by scenario."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from local.chaos.crew import Result
from local.chaos.points import Fault, Point
from shared.model import Model


class Cell(Model):
    """Points that meet the same fault in the same step."""

    step: str
    fault: Fault
    survived: int
    tried: int
    day: date


class Tally(Model):
    """What became of the breakage points of a scenario."""

    cells: tuple[Cell, ...]
    lost: dict[str, tuple[str, ...]]
    """By the name of the point: which invariants did not hold."""
    not_met: tuple[str, ...]
    """Points that the restore did not come by again."""

    @property
    def tried(self) -> int:
        return sum(cell.tried for cell in self.cells)

    @property
    def survived(self) -> int:
        return sum(cell.survived for cell in self.cells)

    @property
    def since(self) -> date | None:
        """The day since which every point in it has been tried; `None` when there is none."""
        return min((cell.day for cell in self.cells), default=None)

    def updated(self, newer: "Tally") -> "Tally":
        """With the faults of a newer tally in the place of the same ones of this."""
        faults = {cell.fault for cell in newer.cells} | set(map(_fault_of, newer.not_met))
        cells = [cell for cell in self.cells if cell.fault not in faults]
        lost = {name: why for name, why in self.lost.items() if _fault_of(name) not in faults}
        not_met = [name for name in self.not_met if _fault_of(name) not in faults]
        return Tally(
            cells=(*cells, *newer.cells),
            lost=lost | newer.lost,
            not_met=(*not_met, *newer.not_met),
        )


Record = Mapping[str, Tally]
"""What became of every scenario at all its points, fault by fault, when last tried."""

_records = TypeAdapter(dict[str, Tally])


def tally(results: Iterable[Result], day: date) -> Tally:
    """Count what became of some points."""
    results = sorted(results, key=lambda result: result.point.name)
    met = [result for result in results if result.is_met]
    tried = Counter((each.point.place, each.point.fault) for each in met)
    survived = Counter((each.point.place, each.point.fault) for each in met if each.has_survived)
    return Tally(
        cells=tuple(
            Cell(step=step, fault=fault, survived=survived[step, fault], tried=number, day=day)
            for (step, fault), number in sorted(tried.items())
        ),
        lost={each.point.name: each.violations for each in met if not each.has_survived},
        not_met=tuple(each.point.name for each in results if not each.is_met),
    )


def read(file: Path) -> Record:
    """The record in a file; an empty one where there is none."""
    return _records.validate_json(file.read_bytes()) if file.exists() else {}


def keep(file: Path, results: Sequence[Result], day: date) -> Record:
    """Put results in the place of what the record has of their scenarios and faults."""
    record = dict(read(file))
    for name in sorted({result.point.scenario for result in results}):
        newer = tally((each for each in results if each.point.scenario == name), day)
        record[name] = record[name].updated(newer) if name in record else newer
    file.write_bytes(_records.dump_json(record, indent=1) + b"\n")
    return record


def _fault_of(name: str) -> Fault:
    return Point.named(name).fault
