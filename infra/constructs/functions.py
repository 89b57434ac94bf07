"""The nine functions: one asset, one loop, a role each."""

from pathlib import Path
from typing import NamedTuple

from aws_cdk import Duration, RemovalPolicy, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import bundling
from infra.constructs.network import FunctionNetwork, interface_statements
from infra.permissions import by_step
from infra.permissions.acknowledged import acknowledge, grant
from infra.permissions.scope import Scope
from infra.permissions.statements import role_path
from shared.names import METRICS_DEPLOYMENT
from shared.settings import SETTINGS_FILE, Settings
from shared.steps import Step


class FunctionOptions(NamedTuple):
    """How a function differs from the others, its permissions aside."""

    seconds: int = 60
    layers: tuple[bundling.Layer, ...] = (bundling.DEPENDENCIES,)
    environment: tuple[tuple[str, str], ...] = ()
    is_in_network: bool = False


OPTIONS = {
    Step.SETUP_DB_USERS: FunctionOptions(
        # The longest there is: after a slice of the grants, all users and locked logins are tried.
        seconds=900,
        layers=(bundling.DEPENDENCIES, bundling.PSYCOPG2),
        environment=(
            ("PGSSLROOTCERT", bundling.RDS_ROOT_CERTIFICATES),
            ("SLICE_SECONDS", "600"),
        ),
        is_in_network=True,
    ),
}


class Functions(Construct):
    """The nine functions, found by their step."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        code: Path,
        settings: Settings,
        permitted: Scope,
        network: FunctionNetwork | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix
        file, variables = settings.written(Token.is_unresolved)
        bundling.add_file(code, SETTINGS_FILE, file)
        self._code = lambda_.Code.from_asset(str(code))
        self._environment = variables | {
            "POWERTOOLS_LOG_LEVEL": "INFO",
            METRICS_DEPLOYMENT: prefix,
        }
        self._permitted = permitted
        self._network = network
        self._layers = {
            layer.name: self._layer(layer) for layer in (bundling.DEPENDENCIES, bundling.PSYCOPG2)
        }
        self.by_step = {
            step: self._function(step, OPTIONS.get(step, FunctionOptions())) for step in Step
        }

    def _function(self, step: Step, options: FunctionOptions) -> lambda_.Function:
        name = f"{self._prefix}-{step.function}"
        log_group = logs.LogGroup(
            self,
            f"{step.state}Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            self,
            step.state,
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=self._code,
            handler=f"lambdas.{step.module}.handler",
            layers=[self._layers[layer.name] for layer in options.layers],
            environment=self._environment | dict(options.environment),
            memory_size=512,
            timeout=Duration.seconds(options.seconds),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            role=self._role(step, log_group),
        )
        acknowledge(
            function,
            "AwsSolutions-L1",
            "The layers hold wheels for Python 3.13, which Lambda supports until 2029",
        )
        if options.is_in_network and self._network:
            _place(function, name, self._network, self._permitted)
        return function

    def _role(self, step: Step, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(
            self,
            f"{step.state}Role",
            description=f"What the step {step.module} may do",
            path=role_path(self._prefix, self._permitted.region, step),
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(role)
        grant(role, by_step.statements(step, self._permitted))
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "Listing calls, narrowed by region, and X-Ray, know no finer resource",
        )
        return role

    def _layer(self, layer: bundling.Layer) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"{layer.name.title()}Layer",
            layer_version_name=f"{self._prefix}-{layer.name}",
            code=lambda_.Code.from_asset(str(bundling.built(layer))),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )


def _place(
    function: lambda_.Function, function_name: str, network: FunctionNetwork, permitted: Scope
) -> None:
    """Put a function into subnets by their ids alone; CDK's own way would look the VPC up."""
    resource = function.node.default_child
    assert isinstance(resource, lambda_.CfnFunction)
    resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(network.subnet_ids),
        security_group_ids=list(network.security_group_ids),
    )
    assert function.role
    for name, value in network.endpoints_for(function.role, permitted).items():
        function.add_environment(name, value)
    grant(function.role, interface_statements(permitted, function_name))
