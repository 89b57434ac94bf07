"""What was tried of a scenario is kept until that scenario is tried again, and shown."""

from datetime import date
from pathlib import Path

from local.chaos.crew import Result
from local.chaos.points import Fault, Point
from local.chaos.table import document
from local.chaos.tally import keep, read, tally

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def a_result(
    scenario: str = "same_region/never",
    *,
    nth: int = 1,
    fault: Fault = Fault.LOST,
    violations: tuple[str, ...] = (),
    is_met: bool = True,
) -> Result:
    point = Point(scenario, "copy_snapshot", "rds:CopyDBClusterSnapshot", str(nth), fault)
    return Result(point, is_met, violations, seconds=1.0)


def test_a_tally_counts_what_was_survived_by_step_and_fault() -> None:
    lost = a_result(nth=2, violations=("a lock is left",))
    missed = a_result(nth=3, is_met=False)

    counted = tally([lost, a_result(), a_result(fault=Fault.ABORTED), missed], MONDAY)

    assert [(cell.step, cell.fault, cell.survived, cell.tried) for cell in counted.cells] == [
        ("(entering a state)", Fault.ABORTED, 1, 1),
        ("copy_snapshot", Fault.LOST, 1, 2),
    ]
    assert counted.lost == {lost.point.name: ("a lock is left",)}
    assert counted.not_met == (missed.point.name,)


def test_a_scenario_that_is_tried_again_takes_the_place_of_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    keep(file, [a_result(), a_result("same_region/swap")], MONDAY)

    keep(file, [a_result(), a_result(nth=2)], TUESDAY)

    kept = read(file)
    assert {name: (scenario.since, scenario.tried) for name, scenario in kept.items()} == {
        "same_region/never": (TUESDAY, 2),
        "same_region/swap": (MONDAY, 1),
    }


def test_a_fault_that_is_tried_again_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    file, stuck = tmp_path / "record.json", ("a lock is left",)
    lost, aborted = a_result(violations=stuck), a_result(fault=Fault.ABORTED, violations=stuck)
    keep(file, [lost, aborted], MONDAY)

    kept = keep(file, [a_result()], TUESDAY)["same_region/never"]

    assert (kept.survived, kept.tried) == (1, 2)
    assert kept.lost == {aborted.point.name: stuck}
    assert kept.since == MONDAY


def test_the_page_says_what_was_lost_and_what_was_not_tried_yet(tmp_path: Path) -> None:
    lost = a_result(violations=("a lock is left",))

    page = document(keep(tmp_path / "record.json", [lost, a_result(nth=2)], MONDAY))

    assert "Survived: 1 of 2." in page
    assert "| copy_snapshot |  |  | 1/2 |" in page
    assert f"- `{lost.point.name}`: a lock is left" in page
    assert "- `same_region/never`: 1 of 2 points survived, tried since 2026-03-02." in page
    assert "- `same_region/swap`: not tried as a whole yet." in page
