"""The stack: what is deployed, and how the parts find each other."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import ArnFormat, Aws, CfnOutput, DefaultStackSynthesizer, Environment, Stack
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
from infra.settings.deployment import DeploymentSettings, Source
from shared.names import Step, deployment
from shared.settings import Settings, SourceAccount, SourceRole


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
        prefix = settings.name
        name = deployment(settings.name, self.account, settings.region)
        tables = Tables(self, "Tables", prefix=prefix)
        notification = Notification(
            self, "Notification", prefix=prefix, subscribers=settings.notifications
        )
        restore_keys = RestoreKeys(self, "RestoreKeys", prefix=prefix, named=settings.restore_keys)
        default_key = settings.defaults.kms_key_id or restore_keys.arns[0]
        export_role = self._export_role(settings, default_key)
        source_accounts = [
            _source_account(source, name, settings.region) for source in settings.source_accounts
        ]
        dead_letters = DeadLetters(self, "DeadLetters", prefix=prefix).queue
        functions = Functions(
            self,
            "Functions",
            prefix=prefix,
            code=code,
            settings=Settings(
                account_id=self.account,
                deployment=name,
                state_table=tables.state.table_name,
                audit_table=tables.audit.table_name,
                topic_arn=notification.topic.topic_arn,
                defaults=settings.defaults.model_copy(update={"kms_key_id": default_key}),
                replaceable_clusters=settings.replaceable_clusters,
                exports=export_role.settings if export_role else None,
                source_accounts=tuple(source_accounts),
                prices=settings.prices,
                deadlines=settings.deadlines,
                state_retention_days=settings.state_retention_days,
                audit_retention_days=settings.audit_retention_days,
            ),
            permitted=Scope(
                partition=Aws.PARTITION,
                account=self.account,
                region=self.region,
                deployment=name,
                all_regions=settings.regions,
                state_table=tables.state.table_arn,
                audit_table=tables.audit.table_arn,
                topic=notification.topic.topic_arn,
                topic_key=notification.key.key_arn,
                # By name: the state machine itself needs the functions to exist first.
                executions=self.format_arn(
                    service="states",
                    resource="execution",
                    resource_name=f"{prefix}:*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                ),
                admin_secrets=settings.admin_secrets,
                users_secrets=settings.users_secrets,
                restore_keys=restore_keys.arns,
                replaceable_clusters=settings.replaceable_clusters,
                source_accounts=[one.account_id for one in source_accounts],
                source_roles=[one.role.arn for one in source_accounts if one.role],
                export_bucket=export_role.bucket_arn if export_role else None,
                export_role=export_role.settings.role_arn if export_role else None,
            ),
            network=self._network(settings),
        ).by_step
        state_machine = Workflow(self, "Workflow", prefix=prefix, functions=functions).state_machine
        FailureRule(
            self,
            "FailureRule",
            prefix=prefix,
            state_machine=state_machine,
            notify=functions[Step.SNS_NOTIFICATION],
            dead_letters=dead_letters,
        )
        rules = Schedules(
            self,
            "Schedules",
            prefix=prefix,
            schedules=settings.schedules,
            state_machine=state_machine,
            dead_letters=dead_letters,
        ).rules
        alarms = Alarms(
            self,
            "Alarms",
            prefix=prefix,
            topic=notification.topic,
            limits=settings.alarms,
            state_machine=state_machine,
            functions=functions,
            dead_letters=dead_letters,
            schedules=settings.schedules,
            rules=rules,
        ).names
        Dashboard(
            self,
            "Dashboard",
            prefix=prefix,
            alarms=alarms,
            functions=functions,
            dead_letters=dead_letters,
        )
        Queries(
            self,
            "Queries",
            prefix=prefix,
            log_groups=[function.log_group for function in functions.values()],
        )
        if settings.long_term_archive:
            archive = TableExports(
                self,
                "LongTermArchive",
                prefix=prefix,
                settings=settings.long_term_archive,
                tables=tables,
                dead_letters=dead_letters,
            )
            self._tell({"ArchiveBucket": archive.bucket.bucket_name})
        self._tell(
            {
                "StateMachineArn": state_machine.state_machine_arn,
                "StateTable": tables.state.table_name,
                "AuditTable": tables.audit.table_name,
                "TopicArn": notification.topic.topic_arn,
                "DeadLetterQueueUrl": dead_letters.queue_url,
                "RestoreKeyArn": restore_keys.arns[0],
            }
        )

    def _export_role(self, settings: DeploymentSettings, default_key: str) -> ExportRole | None:
        if settings.exports is None:
            return None
        return ExportRole(self, "ExportRole", target=settings.exports, default_key=default_key)

    def _network(self, settings: DeploymentSettings) -> FunctionNetwork | None:
        if settings.network is None:
            return None
        return FunctionNetwork(
            self,
            "Network",
            prefix=settings.name,
            network=settings.network,
            clusters=settings.defaults.vpc_security_group_ids,
            port=settings.defaults.port,
        )

    def _tell(self, outputs: Mapping[str, str]) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _source_account(source: Source, name: str, region: str) -> SourceAccount:
    """Another account, with role and key as its own stack names them."""
    if source.external_id is None:
        return SourceAccount(account_id=source.account)
    kms = f"arn:{Aws.PARTITION}:kms:{region}:{source.account}"
    role = SourceRole(
        arn=f"arn:{Aws.PARTITION}:iam::{source.account}:role/{name}",
        external_id=source.external_id,
        kms_key_id=f"{kms}:alias/{name}",
    )
    return SourceAccount(account_id=source.account, role=role)
