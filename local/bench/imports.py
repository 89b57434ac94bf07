"""What a cold start imports: how long that takes beside what it cannot do without."""

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from local.bench.deployed import Deployed, lay_out
from local.bench.figures import Figure, stated
from local.rehearsal.scene import ASSEMBLY
from shared.steps import Step

_INEVITABLE = """
import boto3
from pydantic import BaseModel
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
"""
"""pydantic loads its names when they are asked for: `import pydantic` alone loads hardly any."""

_AS_USED = """
class Model(BaseModel):
    number: int = 0
"""
"""Defining the first model loads what pydantic needs for every model."""

_TIMED = """
import time
begun = time.process_time()
{}
print(time.process_time() - begun)
"""
_WATCHED = """
import sys
from botocore.client import ClientCreator
built = []
ClientCreator.create_client = lambda *arguments, **options: built.append(arguments)
import lambdas.{}
print(len(built), int("psycopg2" in sys.modules))
"""
_TURNS = 21
_LARGEST_RATIO = 1.25
_MODULES = [step.module for step in Step]
_DRIVER_MODULES = {Step.SETUP_DB_USERS.module}


def measure_imports() -> Iterator[Figure]:
    """Import every function's module as it is deployed, in interpreters of its own."""
    (asset,) = {folder.parent for folder in ASSEMBLY.glob("asset.*/lambdas")}
    with tempfile.TemporaryDirectory() as folder:
        deployed = lay_out(asset, Path(folder))
        yield from _ratios(deployed)
        yield from _what_is_loaded(deployed)


def _ratios(deployed: Deployed) -> Iterator[Figure]:
    turns = _turns(deployed)
    bare = {module: _ratio(turns, module, "bare") for module in _MODULES}
    used = {module: _ratio(turns, module, _libraries_of(module)) for module in _MODULES}
    worst = max(bare, key=bare.__getitem__)
    yield stated("imported with", deployed.bytecode)
    yield Figure(
        "cold import ÷ import of boto3, pydantic, powertools",
        f"at most {_LARGEST_RATIO}",
        f"{bare[worst]:.2f} ({worst}, the worst)",
        bare[worst] <= _LARGEST_RATIO,
    )
    for module, ratio in sorted(bare.items(), key=lambda item: -item[1]):
        yield stated(f"    {module}", f"{ratio:.2f} ({_usual(turns, module) * 1000:.0f} ms)")
    worst = max(used, key=used.__getitem__)
    yield stated(
        "the same, with one model defined, and psycopg2 where it is used",
        f"{used[worst]:.2f} ({worst}, the worst)",
    )


def _what_is_loaded(deployed: Deployed) -> Iterator[Figure]:
    clients, driver_modules = 0, set()
    for module in _MODULES:
        built, has_driver = map(int, _run(_WATCHED.format(module), deployed).split())
        clients += built
        if has_driver:
            driver_modules.add(module)
    yield Figure("clients built at import", "none", str(clients or "none"), clients == 0)
    yield Figure(
        "modules that import psycopg2",
        ", ".join(_DRIVER_MODULES),
        ", ".join(sorted(driver_modules)),
        driver_modules == _DRIVER_MODULES,
    )


def _libraries_of(module: str) -> str:
    return "with driver" if module in _DRIVER_MODULES else "as used"


def _turns(deployed: Deployed) -> list[dict[str, float]]:
    """How many seconds the import of each module takes, and of the libraries alone, in each turn.

    All take turns, so that a busy minute of the machine hurts all of them. The turn before the
    first only brings files into memory.
    """
    imports = {
        "bare": _INEVITABLE,
        "as used": _INEVITABLE + _AS_USED,
        "with driver": _INEVITABLE + _AS_USED + "import psycopg2",
        **{module: f"import lambdas.{module}" for module in _MODULES},
    }
    turns = [
        {
            name: float(_run(_TIMED.format(statement), deployed))
            for name, statement in imports.items()
        }
        for _ in range(1 + _TURNS)
    ]
    return turns[1:]


def _ratio(turns: Sequence[Mapping[str, float]], module: str, libraries: str) -> float:
    """The ratio of what two imports usually take."""
    return _usual(turns, module) / _usual(turns, libraries)


def _usual(turns: Sequence[Mapping[str, float]], name: str) -> float:
    return statistics.median(turn[name] for turn in turns)


def _run(script: str, deployed: Deployed) -> str:
    done = deployed.run(script)
    done.check_returncode()
    return done.stdout
