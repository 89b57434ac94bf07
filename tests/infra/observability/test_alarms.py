"""The alarms: what each monitors, when it triggers, and that the guide says what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.observability.alarms import GUIDE
from infra.settings.context import WrongSettings
from infra.settings.deployment import DeploymentSettings
from shared.operation.waiting import LONGEST_WAIT
from shared.steps import Step
from tests.infra.template import LOCAL_SETTINGS, Template, synthesized, text

ALWAYS = {
    "restore-failed",
    "restore-running-long",
    "dead-letter",
    "function-errors",
    "functions-throttled",
    "snapshots-left",
    "leftovers-remain",
    "snapshot-quota",
}
STEPS = [step.module for step in Step]


def a_schedule(name: str, **changes: object) -> dict[str, object]:
    request = {"source_cluster_id": "aurora-prod", "target_cluster_id": f"aurora-{name}"}
    return {"name": name, "schedule": "cron(0 2 * * ? *)", "request": request, **changes}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A deployment that chose its own limits, and has schedules of every kind."""
    return synthesized(
        tmp_path_factory.mktemp("chosen"),
        alarms={"longest_restore_hours": 1.5, "function_errors_per_hour": 7},
        schedules=[
            a_schedule("nightly"),
            a_schedule("patient", missed_after_hours=72),
            a_schedule("monthly", schedule="cron(0 2 1 * ? *)"),
            a_schedule("resting", enabled=False),
        ],
    )


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Every alarm by what its name says beside the deployment's."""
    return {
        alarm["AlarmName"].removeprefix("aurora-restore-"): alarm
        for alarm in template.resources("AWS::CloudWatch::Alarm")
    }


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm monitors."""
    if "Metrics" not in alarm:
        return [alarm]
    return [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]


def names(alarm: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["Namespace"], one["MetricName"]) for one in metrics(alarm)]


def expression(alarm: dict[str, Any]) -> str:
    (found,) = [one["Expression"] for one in alarm["Metrics"] if "Expression" in one]
    return str(found)


def periods(alarm: dict[str, Any]) -> set[int]:
    if "Metrics" not in alarm:
        return {alarm["Period"]}
    return {one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one}


def dimensions(alarm: dict[str, Any]) -> list[str]:
    """What the alarm's metrics are about; that all of ours are this deployment's, is checked."""
    found = [one for metric in metrics(alarm) for one in metric["Dimensions"]]
    ours = [metric for metric in metrics(alarm) if metric["Namespace"] == "AuroraRestore"]
    deployment = {"Name": "deployment", "Value": "aurora-restore"}
    assert [metric for metric in ours if deployment not in metric["Dimensions"]] == []
    return [text(one["Value"]) for one in found if one != deployment]


def headings() -> list[str]:
    """The headings of the guide's chapter about alarms."""
    (chapter,) = re.findall(r"^## Alarms$(.*?)^## ", Path(GUIDE).read_text(), re.M | re.S)
    return re.findall(r"^### (.+)$", chapter, re.M)


def test_there_is_an_alarm_for_everything_that_is_watched(template: Template) -> None:
    schedule = {"nightly-staging-start-failed", "nightly-staging-missed"}

    assert set(alarms(template)) == ALWAYS | schedule


def test_a_deployment_without_schedules_has_no_alarm_about_them(other_template: Template) -> None:
    assert set(alarms(other_template)) == ALWAYS


def test_every_alarm_notifies_the_topic(chosen: Template) -> None:
    topic = {"Ref": chosen.id_of("AWS::SNS::Topic")}

    for alarm in alarms(chosen).values():
        assert alarm["AlarmActions"] == [topic]
        assert alarm.get("ActionsEnabled", True)


def test_every_alarm_names_the_heading_that_says_what_to_do(chosen: Template) -> None:
    references = {
        name: re.search(rf"What to do: {GUIDE}, '(.+)'\.$", alarm["AlarmDescription"])
        for name, alarm in alarms(chosen).items()
    }

    assert {match[1] for match in references.values() if match} == set(headings())
    assert all(references.values())


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_the_guide_knows_every_alarm_by_its_name(name: str) -> None:
    assert re.search(rf"^`{name}`: ", Path(GUIDE).read_text(), re.M)


def test_the_guide_counts_what_is_billed(chosen: Template) -> None:
    counts = {name: len(metrics(alarm)) for name, alarm in alarms(chosen).items()}

    always = sum(count for name, count in counts.items() if name in ALWAYS)
    schedule = counts["nightly-start-failed"] + counts["nightly-missed"]

    assert f"{len(ALWAYS)} alarms over {always} metrics" in Path(GUIDE).read_text()
    assert f"2 more over {schedule} metrics" in Path(GUIDE).read_text()
    assert f"(1 over {counts['monthly-start-failed']} if" in Path(GUIDE).read_text()


def test_no_alarm_monitors_more_metrics_than_cloudwatch_allows(chosen: Template) -> None:
    for alarm in alarms(chosen).values():
        assert len(metrics(alarm)) <= 10
        for period in periods(alarm):
            looked_back = period * alarm["EvaluationPeriods"]
            assert looked_back <= (7 if period >= 3600 else 1) * 86400


def test_every_execution_that_does_not_succeed_triggers_an_alarm(template: Template) -> None:
    alarm = alarms(template)["restore-failed"]
    machine = template.id_of("AWS::StepFunctions::StateMachine")

    assert names(alarm) == [
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/States", "ExecutionsAborted"),
    ]
    assert set(dimensions(alarm)) == {f"{{{machine}}}"}
    assert expression(alarm) == "SUM([failed, timed_out, aborted])"
    assert alarm["Threshold"] == 0
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_age_of_an_operation_is_monitored_whichever_step_is_at_work(template: Template) -> None:
    alarm = alarms(template)["restore-running-long"]

    assert set(names(alarm)) == {("AuroraRestore", "OperationAge")}
    assert dimensions(alarm) == STEPS
    assert expression(alarm) == f"MAX([{', '.join(STEPS)}])"
    assert alarm["Threshold"] == 12 * 3600
    assert alarm["TreatMissingData"] == "notBreaching"


def test_while_something_is_waited_for_every_period_has_a_look_at_it(template: Template) -> None:
    (period,) = periods(alarms(template)["restore-running-long"])

    assert period > LONGEST_WAIT.total_seconds()


def test_errors_of_all_functions_are_counted_together(template: Template) -> None:
    alarm = alarms(template)["function-errors"]

    assert set(names(alarm)) == {("AWS/Lambda", "Errors")}
    assert [f"{{{one[1:-1]}.Arn}}" for one in dimensions(alarm)] == [
        template.function_arn(step) for step in Step
    ]
    assert expression(alarm) == f"SUM([{', '.join(STEPS)}])"
    assert (alarm["Threshold"], periods(alarm)) == (20, {3600})
    assert alarm["TreatMissingData"] == "notBreaching"


def test_throttling_triggers_an_alarm_only_when_it_lasts(template: Template) -> None:
    alarm = alarms(template)["functions-throttled"]

    assert set(names(alarm)) == {("AWS/Lambda", "Throttles")}
    assert len(dimensions(alarm)) == len(Step)
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (3, 6)


def test_snapshots_that_a_failure_left_trigger_an_alarm_without_naming_clusters(
    template: Template,
) -> None:
    alarm = alarms(template)["snapshots-left"]

    assert names(alarm) == [("AuroraRestore", "TemporarySnapshotsLeft")]
    assert dimensions(alarm) == ["sns_notification"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")


def test_leftovers_that_cannot_be_removed_trigger_an_alarm_every_time(template: Template) -> None:
    alarm = alarms(template)["leftovers-remain"]

    assert names(alarm) == [("AuroraRestore", "LeftoversNotRemoved")]
    assert dimensions(alarm) == ["sns_notification"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")


def test_snapshots_trigger_an_alarm_from_four_fifths_of_their_quota(template: Template) -> None:
    alarm = alarms(template)["snapshot-quota"]

    assert names(alarm) == [("AuroraRestore", "SnapshotQuotaUsed")]
    assert dimensions(alarm) == ["sns_notification"]
    assert alarm["Threshold"] == 80
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_dead_letter_is_an_alarm_until_the_queue_is_empty(template: Template) -> None:
    alarm = alarms(template)["dead-letter"]
    queue, _ = template.dead_letters["Fn::GetAtt"]

    assert names(alarm) == [("AWS/SQS", "ApproximateNumberOfMessagesVisible")]
    assert dimensions(alarm) == [f"{{{queue}.QueueName}}"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "ignore")


def test_a_schedule_that_could_not_start_triggers_an_alarm_wherever_its_event_went(
    template: Template,
) -> None:
    alarm = alarms(template)["nightly-staging-start-failed"]
    rule = template.id_of("AWS::Events::Rule", Name="aurora-restore-nightly-staging")

    assert names(alarm) == [
        ("AWS/Events", "FailedInvocations"),
        ("AWS/Events", "InvocationsSentToDlq"),
        ("AWS/Events", "InvocationsFailedToBeSentToDlq"),
    ]
    assert set(dimensions(alarm)) == {f"{{{rule}}}"}
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")


@pytest.mark.parametrize(("name", "hours"), [("nightly", 26), ("patient", 72)])
def test_a_schedule_that_starts_nothing_for_too_long_triggers_an_alarm(
    chosen: Template, name: str, hours: int
) -> None:
    alarm = alarms(chosen)[f"{name}-missed"]
    rule = chosen.id_of("AWS::Events::Rule", Name=f"aurora-restore-{name}")

    assert names(alarm) == [("AWS/Events", "Invocations")]
    assert dimensions(alarm) == [f"{{{rule}}}"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert periods(alarm) == {3600}
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == hours
    assert alarm["TreatMissingData"] == "breaching"
    assert expression(alarm) == "FILL(started, 0)"


def test_a_schedule_is_watched_as_far_as_its_rhythm_is_known(chosen: Template) -> None:
    about = {name for name in alarms(chosen) if name not in ALWAYS}

    assert about == {
        "nightly-start-failed",
        "nightly-missed",
        "patient-start-failed",
        "patient-missed",
        "monthly-start-failed",
    }


def test_a_deployment_chooses_its_limits(chosen: Template) -> None:
    found = alarms(chosen)

    assert found["restore-running-long"]["Threshold"] == 1.5 * 3600
    assert "more than 1.5 hours" in found["restore-running-long"]["AlarmDescription"]
    assert found["function-errors"]["Threshold"] == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"longest_restore_hours": 0},
        {"longest_restore_hours": 72.1},
        {"function_errors_per_hour": 0},
        {"function_errors_per_hour": 1.5},
    ],
)
def test_a_limit_that_can_never_be_right_is_refused(wrong: dict[str, float]) -> None:
    settings = json.loads(LOCAL_SETTINGS.read_text()) | {"alarms": wrong}

    with pytest.raises(WrongSettings, match=rf"alarms\.{next(iter(wrong))}"):
        DeploymentSettings.read(settings)


def test_the_longest_limit_is_the_time_out_of_the_state_machine(template: Template) -> None:
    longest = {"longest_restore_hours": template.definition["TimeoutSeconds"] / 3600}
    settings = json.loads(LOCAL_SETTINGS.read_text()) | {"alarms": longest}

    assert DeploymentSettings.read(settings).alarms.longest_restore_hours == 72


def test_the_guide_is_where_the_alarms_say() -> None:
    assert (ROOT / GUIDE).is_file()
