"""Restores that start by themselves."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.settings.parts import Schedule


class Schedules(Construct):
    """A rule per schedule, all with one role that may start this state machine and nothing else.

    They are found by the schedules' names.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        schedules: Sequence[Schedule],
        state_machine: sfn.IStateMachine,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.rules: dict[str, events.Rule] = {}
        if not schedules:
            return
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        letters = self._open_to_all(prefix, dead_letters)
        for schedule in schedules:
            self.rules[schedule.name] = events.Rule(
                self,
                schedule.name,
                rule_name=f"{prefix}-{schedule.name}",
                schedule=events.Schedule.expression(schedule.schedule),
                enabled=schedule.enabled,
                targets=[
                    targets.SfnStateMachine(
                        state_machine,
                        input=events.RuleTargetInput.from_object(schedule.request),
                        role=role,
                        dead_letter_queue=letters,
                        retry_attempts=10,
                        max_event_age=Duration.hours(1),
                    )
                ],
            )

    def _open_to_all(self, prefix: str, dead_letters: sqs.IQueue) -> sqs.IQueue:
        """Let every rule of this deployment send to the queue, in one statement for all.

        A queue's policy takes 20 statements (SQS developer guide), and CDK adds one for each rule
        to every queue that is its own; so the rules are given one that it cannot change.
        """
        rules = Stack.of(self).format_arn(
            service="events", resource="rule", resource_name=f"{prefix}-*"
        )
        dead_letters.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowSchedules",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[dead_letters.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )
        return sqs.Queue.from_queue_arn(self, "DeadLetters", dead_letters.queue_arn)
