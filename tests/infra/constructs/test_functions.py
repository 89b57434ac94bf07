"""The nine functions as they are deployed."""

from pathlib import Path

import pytest

from shared.steps import Step
from tests.infra.template import Template, deployed_settings, text

each_step = pytest.mark.parametrize("step", Step)


def test_there_is_a_function_for_every_step_and_no_other(template: Template) -> None:
    names = {function["FunctionName"] for function in template.resources("AWS::Lambda::Function")}

    assert names == {f"aurora-restore-{step.function}" for step in Step}


def test_all_functions_share_one_asset(template: Template) -> None:
    functions = template.resources("AWS::Lambda::Function")

    assert len({function["Code"]["S3Key"] for function in functions}) == 1


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    roles = {text(function["Role"]) for function in template.resources("AWS::Lambda::Function")}

    assert len(roles) == len(Step)


@each_step
def test_a_function_runs_the_handler_of_its_step(template: Template, step: Step) -> None:
    function = template.function(step)

    assert function["Handler"] == f"lambdas.{step.module}.handler"
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}


@each_step
def test_a_function_can_read_its_settings(template: Template, assembly: Path, step: Step) -> None:
    read = deployed_settings(template, assembly, step)

    assert read.account_id == "123456789012"
    assert read.state_table == _reference(template, "aurora-restore-state")
    assert read.replaceable_clusters == ("aurora-staging*",)
    assert read.defaults.source_region == "us-east-1"
    assert read.defaults.db_subnet_group_name == "aurora"
    assert str(read.defaults.kms_key_id).startswith("{RestoreKeys")


@each_step
def test_a_functions_logs_are_kept_for_30_days(template: Template, step: Step) -> None:
    name = f"/aws/lambda/aurora-restore-{step.function}"
    log_group = template.id_of("AWS::Logs::LogGroup", LogGroupName=name)

    assert template.function(step)["LoggingConfig"] == {"LogGroup": {"Ref": log_group}}
    assert template.only("AWS::Logs::LogGroup", LogGroupName=name)["RetentionInDays"] == 30


@each_step
def test_only_the_step_that_talks_to_postgresql_carries_its_driver(
    template: Template, step: Step
) -> None:
    function = template.function(step)
    layers = {text(layer) for layer in function["Layers"]}
    driver = text(
        {"Ref": template.id_of("AWS::Lambda::LayerVersion", LayerName="aurora-restore-psycopg2")}
    )
    talks_to_postgresql = step is Step.SETUP_DB_USERS

    assert (driver in layers) is talks_to_postgresql
    assert len(layers) == 1 + talks_to_postgresql
    assert ("PGSSLROOTCERT" in function["Environment"]["Variables"]) is talks_to_postgresql
    assert function["Timeout"] == (900 if talks_to_postgresql else 60)


def test_a_function_ends_before_its_state_gives_up(template: Template) -> None:
    states = template.definition["States"]

    late = [
        step
        for step in Step
        if template.function(step)["Timeout"] >= states[step.state]["TimeoutSeconds"]
    ]

    assert late == []


def test_only_the_step_that_talks_to_postgresql_runs_in_the_network(
    template: Template, other_template: Template
) -> None:
    placed = {
        step: other_template.function(step)["VpcConfig"]
        for step in Step
        if "VpcConfig" in other_template.function(step)
    }

    assert placed == {
        Step.SETUP_DB_USERS: {
            "SubnetIds": ["subnet-0000000a", "subnet-0000000b"],
            "SecurityGroupIds": ["sg-0000000a"],
        }
    }
    assert not any("VpcConfig" in template.function(step) for step in Step)


def _reference(template: Template, table: str) -> str:
    return text({"Ref": template.id_of("AWS::DynamoDB::Table", TableName=table)})
