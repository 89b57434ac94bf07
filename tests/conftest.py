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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, for what they share takes long to set up.

    Those of the infrastructure stay together: importing the CDK takes longer than to run them all.
    What takes longest comes first, so that no process is left with it at the end.
    """
    infra, restores = Path(__file__).parent / "infra", Path(__file__).parent / "restores"
    items.sort(
        key=lambda item: (
            item.path.name != "test_breakage.py",
            not item.path.is_relative_to(restores),
            not item.path.is_relative_to(infra),
        )
    )
    for item in items:
        group = "infra" if item.path.is_relative_to(infra) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
