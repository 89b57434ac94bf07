"""The state machine, and the rules that start it and clean up behind it."""

import json

from shared.names import Step
from tests.infra.template import Statement, Template, text


def test_every_task_invokes_the_function_of_its_name(template: Template) -> None:
    tasks = {
        name: state["Parameters"]["FunctionName"]
        for name, state in template.definition["States"].items()
        if state["Type"] == "Task"
    }

    assert tasks == {step.state: template.function_arn(step) for step in Step}


def test_the_state_machine_may_invoke_the_nine_functions_and_nothing_else(
    template: Template,
) -> None:
    machine = template.only("AWS::StepFunctions::StateMachine")

    statements = template.statements(machine["RoleArn"]["Fn::GetAtt"][0])

    invoking = [one for one in statements if "lambda:InvokeFunction" in one.actions]
    assert invoking == [
        Statement(
            frozenset({"lambda:InvokeFunction"}),
            tuple(template.function_arn(step) for step in Step),
            {},
        )
    ]
    others = {action for one in statements if one not in invoking for action in one.actions}
    assert {action.split(":")[0] for action in others} == {"logs", "xray"}


def test_what_travels_between_states_is_not_logged(template: Template) -> None:
    machine = template.only("AWS::StepFunctions::StateMachine")

    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_every_bad_end_of_this_state_machine_reaches_the_notification(template: Template) -> None:
    rule = template.only("AWS::Events::Rule", Name="aurora-restore-failure")
    (target,) = rule["Targets"]

    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
            "stateMachineArn": [{"Ref": template.id_of("AWS::StepFunctions::StateMachine")}],
        },
    }
    assert rule["State"] == "ENABLED"
    assert text(target["Arn"]) == template.function_arn(Step.SNS_NOTIFICATION)
    assert target["DeadLetterConfig"] == {"Arn": template.queue_arn}
    assert "InputPath" not in target
    assert "Input" not in target


def test_events_may_invoke_the_notification_only_for_that_rule(template: Template) -> None:
    permission = template.only("AWS::Lambda::Permission")
    rule = template.id_of("AWS::Events::Rule", Name="aurora-restore-failure")

    assert text(permission["FunctionName"]) == template.function_arn(Step.SNS_NOTIFICATION)
    assert permission["Principal"] == "events.amazonaws.com"
    assert text(permission["SourceArn"]) == f"{{{rule}.Arn}}"


def test_a_schedule_starts_the_state_machine_with_its_request(template: Template) -> None:
    rule = template.only("AWS::Events::Rule", Name="aurora-restore-nightly-staging")
    (target,) = rule["Targets"]
    machine = {"Ref": template.id_of("AWS::StepFunctions::StateMachine")}

    assert rule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert target["Arn"] == machine
    assert json.loads(target["Input"])["target_cluster_id"] == "aurora-staging"
    assert target["DeadLetterConfig"] == {"Arn": template.queue_arn}
    assert template.statements(target["RoleArn"]["Fn::GetAtt"][0]) == [
        Statement(frozenset({"states:StartExecution"}), (text(machine),), {})
    ]


def test_a_deployment_without_schedules_has_none(other_template: Template) -> None:
    names = [rule["Name"] for rule in other_template.resources("AWS::Events::Rule")]

    assert names == ["aurora-restore-failure"]
