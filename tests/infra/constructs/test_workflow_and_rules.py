"""The state machine, and the rules that start it and clean up behind it."""

import json

from shared.steps import Step
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


def test_every_bad_end_of_this_state_machine_reaches_the_queue(template: Template) -> None:
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
    assert target["Arn"] == template.failed_executions
    assert target["DeadLetterConfig"] == {"Arn": template.dead_letters}
    assert "InputPath" not in target
    assert "Input" not in target


def test_only_the_rule_may_send_to_the_queue(template: Template) -> None:
    rule = template.id_of("AWS::Events::Rule", Name="aurora-restore-failure")
    allowed = [
        statement
        for policy in template.resources("AWS::SQS::QueuePolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Resource"] == template.failed_executions
    ]

    (sending,) = allowed
    assert "sqs:SendMessage" in sending["Action"]
    assert sending["Principal"] == {"Service": "events.amazonaws.com"}
    assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}}


def test_the_notification_gets_what_is_in_the_queue_one_by_one(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")

    (function,) = mapping["FunctionName"].values()
    assert template.function_arn(Step.SNS_NOTIFICATION) == f"{{{function}.Arn}}"
    assert mapping["EventSourceArn"] == template.failed_executions
    assert mapping["BatchSize"] == 1
    assert mapping.get("Enabled", True)


def test_closing_is_tried_for_hours_and_then_put_aside(template: Template) -> None:
    queue = template.only("AWS::SQS::Queue", QueueName="aurora-restore-failed-executions")
    function = template.function(Step.SNS_NOTIFICATION)

    tries = queue["RedrivePolicy"]["maxReceiveCount"]

    assert queue["VisibilityTimeout"] >= 2 * function["Timeout"]
    assert tries * queue["VisibilityTimeout"] == 6 * 3600
    assert tries * queue["VisibilityTimeout"] < queue["MessageRetentionPeriod"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == template.dead_letters


def test_functions_are_invoked_by_nothing_else(template: Template) -> None:
    assert template.resources("AWS::Lambda::Permission") == []
    assert template.resources("AWS::Lambda::EventInvokeConfig") == []


def test_a_schedule_starts_the_state_machine_with_its_request(template: Template) -> None:
    rule = template.only("AWS::Events::Rule", Name="aurora-restore-nightly-staging")
    (target,) = rule["Targets"]
    machine = {"Ref": template.id_of("AWS::StepFunctions::StateMachine")}

    assert rule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert target["Arn"] == machine
    assert json.loads(target["Input"])["target_cluster_id"] == "aurora-staging"
    assert target["DeadLetterConfig"] == {"Arn": template.dead_letters}
    assert template.statements(target["RoleArn"]["Fn::GetAtt"][0]) == [
        Statement(frozenset({"states:StartExecution"}), (text(machine),), {})
    ]


def test_a_deployment_without_schedules_has_none(other_template: Template) -> None:
    names = [rule["Name"] for rule in other_template.resources("AWS::Events::Rule")]

    assert names == ["aurora-restore-failure"]
