"""The state machine, from the definition that tests and the local cloud read as well."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.permissions.acknowledged import acknowledge
from shared.steps import Step

DEFINITION = Path(__file__).parents[2] / "statemachine" / "aurora_restore.asl.json"


class Workflow(Construct):
    """The state machine and its role, which may invoke the nine functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        partition: str,
        functions: Mapping[Step, lambda_.Function],
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in functions.values()],
            )
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "Log deliveries and X-Ray know no finer resource; CDK adds these statements",
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=prefix,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(_definition(functions, partition)),
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Logs",
                    # Step Functions may write to groups of this name without a policy per group.
                    log_group_name=f"/aws/vendedlogs/states/{prefix}",
                    retention=logs.RetentionDays.ONE_MONTH,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ERROR,
                include_execution_data=False,
            ),
        )
        acknowledge(
            self.state_machine,
            "AwsSolutions-SF1",
            "The execution history keeps every event for 90 days; the logs get errors",
        )


def _definition(functions: Mapping[Step, lambda_.Function], partition: str) -> str:
    """The definition for a partition, with the functions' ARNs in the text itself.

    DefinitionSubstitutions would do the same on AWS; the local cloud does not know them.
    """
    text = DEFINITION.read_text().replace('"arn:aws:', f'"arn:{partition}:')
    for step, function in functions.items():
        text = text.replace(f"${{{step.state}FunctionArn}}", function.function_arn)
    return text
