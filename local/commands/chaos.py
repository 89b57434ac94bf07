"""Run the breakage suite: restores are broken wherever they can break, and nothing may be lost."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local.chaos.crew import Crew, Result
from local.chaos.points import Point
from local.chaos.scenarios import SCENARIOS
from local.chaos.table import document, table
from local.chaos.tally import keep, tally

RECORD = Path("docs/architecture/05_breakage.json")
DOCUMENT = RECORD.with_suffix(".md")

_RESULTS_PER_LINE = 100
"""Where there is no terminal to move a bar on."""


def chaos(
    names: Sequence[str] = (),
    *,
    scenario: str = "*",
    fault: str = "*",
    sample: int | None = None,
    seed: int = 0,
    processes: int | None = None,
) -> int:
    """Break restores at the points with these names, or at all that match; returns 0 if all live.

    A `sample` is so many of them, the same for the same `seed`. Without one, the results take the
    place of what the page in `docs/` says of these scenarios and faults.
    """
    console = Console()
    with Crew(processes) as crew:
        if names:
            points = [Point.named(name) for name in names]
        else:
            chosen = [name for name in SCENARIOS if fnmatchcase(name, scenario)]
            points = [point for point in crew.points(chosen) if fnmatchcase(point.fault, fault)]
        extent = f"{len(points):,} breakage points."
        if sample is not None and sample < len(points):
            points = random.Random(seed).sample(points, sample)
            extent = f"{sample:,} of {extent[:-1]}, drawn with seed {seed}."
        console.print(extent)
        today = datetime.now(UTC).date()
        if names or sample is not None:
            results = _break(crew, points, console)
        else:
            # Hours for all: what is known of a scenario is written down before the next one.
            results = []
            for name, of_scenario in groupby(points, key=lambda point: point.scenario):
                console.print(name)
                outcomes = _break(crew, list(of_scenario), console)
                DOCUMENT.write_text(document(keep(RECORD, outcomes, today)))
                results += outcomes
    console.print(table(tally(results, today)))
    return 0 if all(result.has_survived for result in results if result.is_met) else 1


def _break(crew: Crew, points: Sequence[Point], console: Console) -> list[Result]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[lost]} lost, {task.fields[missed]} not met"),
        TimeRemainingColumn(),
    )
    results: list[Result] = []
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(points), lost=0, missed=0)
        for result in crew.break_at(points):
            results.append(result)
            if result.violations:
                console.print(f"[red]✘[/] {result.point.name}")
                for violation in result.violations:
                    console.print(f"    {violation}", markup=False)
            lost = sum(bool(each.violations) for each in results)
            missed = sum(not each.is_met for each in results)
            progress.update(bar, advance=1, lost=lost, missed=missed)
            if not console.is_terminal and not len(results) % _RESULTS_PER_LINE:
                console.print(f"{len(results):,} tried, {lost} lost, {missed} not met")
    return results
