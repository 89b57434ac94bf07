"""What a disturbed restore must look like in the end: as if nothing had happened."""

from local.rehearsal.evidence import evidence
from tests.restores.stage import TARGET_REGION, Outcome, Stage


def restored(stage: Stage) -> Outcome:
    """A restore that runs through all nine steps."""
    stage.make_cluster("aurora-staging")
    return stage.restore(replace="delete_first")


def assert_proven(stage: Stage, outcome: Outcome) -> None:
    """Finished, and the restored cluster is what was asked for."""
    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert outcome.state["status"] == "COMPLETED"
    found = list(evidence(stage.scene, "aurora-staging", TARGET_REGION))
    assert [one for one in found if not one.holds] == []


def assert_undisturbed(stage: Stage, outcome: Outcome) -> None:
    """Finished, proven, and with each change of state told once."""
    assert_proven(stage, outcome)
    moves = [
        (event["event_type"], str(event["details"]))
        for event in outcome.events
        if not event["event_type"].endswith("_STATUS_CHECKED")
    ]
    assert len(moves) == len(set(moves)), moves
    assert len(outcome.messages) >= 1
