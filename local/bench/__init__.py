"""What the project promises in figures, measured on this machine."""

from collections.abc import Callable, Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner

from local.bench.choosing import measure_choosing
from local.bench.commands import measure_commands, measure_demo, measure_synth
from local.bench.costs import measure_costs
from local.bench.crowd import measure_crowds
from local.bench.figures import Figure, table
from local.bench.imports import measure_imports
from local.bench.preparation import measure_preparation
from local.bench.replacements import measure_replacements
from local.bench.restores import measure_restores
from local.bench.sizes import measure_sizes

_MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "Sizing what goes into Lambda": measure_sizes,
    "Importing the functions' modules": measure_imports,
    "Choosing among a thousand snapshots": measure_choosing,
    "Restoring in simulated time": measure_restores,
    "Counting what a restore is billed for": measure_costs,
    "Replacing a cluster in simulated time": measure_replacements,
    "Preparing large databases": measure_preparation,
    "Restoring onto a hundred targets at once": measure_crowds,
    "Synthesizing the template": measure_synth,
    "Running the demo": measure_demo,
}
_SLOW_MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "Setting up a fresh clone and testing it": measure_commands,
}


def bench(*, everything: bool = False) -> int:
    """Print every figure beside what it has to reach; returns 0 when all are reached.

    Setting up a fresh clone and running its tests takes minutes: only with `everything`.
    """
    measurements = _MEASUREMENTS | (_SLOW_MEASUREMENTS if everything else {})
    figures: list[Figure] = []
    console = Console()
    with Live(console=console) as live:
        for doing, measure in measurements.items():
            if not console.is_terminal:
                console.print(doing)
            spinner = Spinner("dots", doing)
            live.update(Group(table(figures), spinner))
            for figure in measure():
                figures.append(figure)
                live.update(Group(table(figures), spinner))
        live.update(table(figures))
    if not everything:
        console.print("Set-up and tests of a fresh clone: `make bench ARGS=--all`.")
    return 0 if all(figure.is_reached is not False for figure in figures) else 1
