"""The pipeline's stack: its parts, in the order in which they need each other.

What is made earlier has the earlier place in the template.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from aws_cdk import ArnFormat, CfnOutput, DefaultStackSynthesizer, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.dead_letters import DeadLetters
from infra.constructs.export_role import ExportRole
from infra.constructs.failure_rule import FailureRule
from infra.constructs.functions import Functions
from infra.constructs.long_term_archive import TableExports
from infra.constructs.network import FunctionNetwork
from infra.constructs.notification import Notification
from infra.constructs.restore_keys import RestoreKeys
from infra.constructs.schedules import Schedules
from infra.constructs.tables import Tables
from infra.constructs.workflow import Workflow
from infra.observability.alarms import Alarms
from infra.observability.dashboard import Dashboard
from infra.observability.queries import Queries
from infra.permissions.scope import Scope
from infra.settings.deployment import DeploymentSettings
from infra.settings.parts import Source
from infra.settings.regions import partition_of
from shared.names import deployment
from shared.settings import Settings, SourceAccount, SourceRole
from shared.steps import Step

Rules = Mapping[str, events.Rule]
StepFunctions = Mapping[Step, lambda_.Function]


class Foundation(NamedTuple):
    """What the functions, and most of what comes after them, are built on."""

    tables: Tables
    notification: Notification
    restore_keys: tuple[str, ...]
    default_key: str
    export_role: ExportRole | None
    dead_letters: sqs.Queue


class PipelineStack(Stack):
    """One deployment of the pipeline, in the region that it restores into."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings, code: Path
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Restores Aurora clusters from snapshots",
            env=Environment(account=settings.account, region=settings.region),
            # The CDK CLI checks the bootstrap version itself; the template needs no parameter.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            analytics_reporting=False,
        )
        self._settings = settings
        self._prefix = settings.name
        self._partition = partition_of(settings.region)
        self._deployment = deployment(settings.name, self.account, settings.region)
        foundation = self._foundation()
        functions = self._functions(foundation, code)
        state_machine = self._workflow(foundation, functions)
        rules = self._schedules(foundation, state_machine)
        self._observability(foundation, functions, state_machine, rules)
        self._long_term_archive(foundation)
        self._output(
            {
                "StateMachineArn": state_machine.state_machine_arn,
                "StateTable": foundation.tables.state.table_name,
                "AuditTable": foundation.tables.audit.table_name,
                "TopicArn": foundation.notification.topic.topic_arn,
                "DeadLetterQueueUrl": foundation.dead_letters.queue_url,
                "RestoreKeyArn": foundation.restore_keys[0],
            }
        )

    def _foundation(self) -> Foundation:
        settings, prefix = self._settings, self._prefix
        tables = Tables(self, "Tables", prefix=prefix)
        notification = Notification(
            self, "Notification", prefix=prefix, subscribers=settings.notifications
        )
        keys = RestoreKeys(self, "RestoreKeys", prefix=prefix, named=settings.restore_keys).arns
        default_key = settings.defaults.kms_key_id or keys[0]
        return Foundation(
            tables=tables,
            notification=notification,
            restore_keys=keys,
            default_key=default_key,
            export_role=self._export_role(default_key),
            dead_letters=DeadLetters(self, "DeadLetters", prefix=prefix).queue,
        )

    def _export_role(self, default_key: str) -> ExportRole | None:
        target = self._settings.exports
        if target is None:
            return None
        return ExportRole(self, "ExportRole", target=target, default_key=default_key)

    def _source_role(self, source: Source) -> str | None:
        """The ARN of the role that another account's own stack makes, if it has one."""
        if source.external_id is None:
            return None
        return SourceRole.of(
            source.account,
            source.external_id,
            partition=self._partition,
            region=self._settings.region,
            deployment=self._deployment,
        ).arn

    def _functions(self, foundation: Foundation, code: Path) -> StepFunctions:
        return Functions(
            self,
            "Functions",
            prefix=self._prefix,
            code=code,
            settings=self._settings_of_functions(foundation),
            permitted=self._scope_of_functions(foundation),
            network=self._network(),
        ).by_step

    def _settings_of_functions(self, foundation: Foundation) -> Settings:
        """What the functions read from their environment."""
        settings, export_role = self._settings, foundation.export_role
        return Settings(
            account_id=self.account,
            deployment=self._deployment,
            state_table=foundation.tables.state.table_name,
            audit_table=foundation.tables.audit.table_name,
            topic_arn=foundation.notification.topic.topic_arn,
            defaults=settings.defaults.model_copy(update={"kms_key_id": foundation.default_key}),
            replaceable_clusters=settings.replaceable_clusters,
            exports=export_role.settings if export_role else None,
            source_accounts=tuple(
                SourceAccount(account_id=source.account, external_id=source.external_id)
                for source in settings.source_accounts
            ),
            prices=settings.prices,
            deadlines=settings.deadlines,
            final_snapshot_days=settings.final_snapshot_days,
            keep_automated_backups=settings.keep_automated_backups,
            state_retention_days=settings.state_retention_days,
            audit_retention_days=settings.audit_retention_days,
        )

    def _scope_of_functions(self, foundation: Foundation) -> Scope:
        """What the functions' permissions are about."""
        settings, export_role = self._settings, foundation.export_role
        return Scope(
            partition=self._partition,
            account=self.account,
            region=self.region,
            deployment=self._deployment,
            all_regions=settings.regions,
            state_table=foundation.tables.state.table_arn,
            audit_table=foundation.tables.audit.table_arn,
            topic=foundation.notification.topic.topic_arn,
            topic_key=foundation.notification.key.key_arn,
            # By name: the state machine itself needs the functions to exist first.
            executions=self.format_arn(
                service="states",
                resource="execution",
                resource_name=f"{self._prefix}:*",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            admin_secrets=settings.admin_secrets,
            users_secrets=settings.users_secrets,
            restore_keys=foundation.restore_keys,
            replaceable_clusters=settings.replaceable_clusters,
            source_accounts=[source.account for source in settings.source_accounts],
            source_roles=[
                role for role in map(self._source_role, settings.source_accounts) if role
            ],
            export_bucket=export_role.bucket_arn if export_role else None,
            export_role=export_role.settings.role_arn if export_role else None,
        )

    def _network(self) -> FunctionNetwork | None:
        settings = self._settings
        if settings.network is None:
            return None
        return FunctionNetwork(
            self,
            "Network",
            prefix=self._prefix,
            network=settings.network,
            clusters=settings.defaults.vpc_security_group_ids,
            port=settings.defaults.port,
        )

    def _workflow(self, foundation: Foundation, functions: StepFunctions) -> sfn.StateMachine:
        """The state machine, and the rule that closes what it ends badly."""
        workflow = Workflow(
            self,
            "Workflow",
            prefix=self._prefix,
            partition=self._partition,
            functions=functions,
        )
        FailureRule(
            self,
            "FailureRule",
            prefix=self._prefix,
            state_machine=workflow.state_machine,
            notify=functions[Step.SNS_NOTIFICATION],
            dead_letters=foundation.dead_letters,
        )
        return workflow.state_machine

    def _schedules(self, foundation: Foundation, state_machine: sfn.StateMachine) -> Rules:
        return Schedules(
            self,
            "Schedules",
            prefix=self._prefix,
            schedules=self._settings.schedules,
            state_machine=state_machine,
            dead_letters=foundation.dead_letters,
        ).rules

    def _observability(
        self,
        foundation: Foundation,
        functions: StepFunctions,
        state_machine: sfn.StateMachine,
        rules: Rules,
    ) -> None:
        alarms = Alarms(
            self,
            "Alarms",
            prefix=self._prefix,
            topic=foundation.notification.topic,
            limits=self._settings.alarms,
            state_machine=state_machine,
            functions=functions,
            dead_letters=foundation.dead_letters,
            schedules=self._settings.schedules,
            rules=rules,
        )
        Dashboard(
            self,
            "Dashboard",
            prefix=self._prefix,
            alarms=alarms.names,
            functions=functions,
            dead_letters=foundation.dead_letters,
        )
        Queries(
            self,
            "Queries",
            prefix=self._prefix,
            log_groups=[function.log_group for function in functions.values()],
        )

    def _long_term_archive(self, foundation: Foundation) -> None:
        if self._settings.long_term_archive is None:
            return
        archive = TableExports(
            self,
            "LongTermArchive",
            prefix=self._prefix,
            settings=self._settings.long_term_archive,
            tables=foundation.tables,
            dead_letters=foundation.dead_letters,
        )
        self._output({"ArchiveBucket": archive.bucket.bucket_name})

    def _output(self, outputs: Mapping[str, str]) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
