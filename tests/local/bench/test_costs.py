"""The units that a restore is billed for, as the guide tells them."""

import re
from pathlib import Path

import pytest

from local.bench.costs import bill

GUIDE = Path("docs/implementation_guide/08_cost.md")


def test_the_guide_tells_what_a_restore_of_an_hour_is_billed_for() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \|", GUIDE.read_text(), re.MULTILINE)
    told = {unit: float(number) for unit, number in rows}

    measured = dict(bill())

    assert measured == pytest.approx(told, rel=0.02)
