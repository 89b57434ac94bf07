"""Settings of the whole test run."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every machine, and no failure because a machine is slow.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

pytest_plugins = ("tests.restores.permissions.proof",)

HERE = Path(__file__).parent
THOROUGH = "--thorough"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        THOROUGH,
        action="store_true",
        help="instead of the other tests, run those that try a table in full where the others "
        "try a cross-section of it: `make check` after `make test`",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"thorough: only runs with {THOROUGH}, and then nothing else"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of this run, and bring them into the order in which setting up costs least.

    Each process begins with a share in this order, and whoever is done first takes over from
    the end of another's (`--dist worksteal`).
    """
    is_thorough = bool(config.getoption(THOROUGH))
    chosen, others = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        is_chosen = (item.get_closest_marker("thorough") is not None) == is_thorough
        (chosen if is_chosen else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = sorted(chosen, key=_place)


def _place(item: pytest.Item) -> tuple[object, ...]:
    """Where a test stands: those of the infrastructure first, for all of them need the CDK.

    Then whole restores, by the stage that they take place on.
    """
    callspec = getattr(item, "callspec", None)
    stage = str(callspec.params.get("standing_stage", "")) if callspec else ""
    return (
        not item.path.is_relative_to(HERE / "infra"),
        not item.path.is_relative_to(HERE / "restores"),
        stage,
    )
