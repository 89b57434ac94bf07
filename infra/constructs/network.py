"""Where `setup_db_users` sits in the VPC, and the few ways that lead out of there.

                        ┌── database port ──▶ the clusters' security groups
    setup_db_users ─────┼── 443 ──▶ interface endpoints of Secrets Manager and RDS
    (nothing comes in)  └── 443 ──▶ DynamoDB's prefix list, through a gateway endpoint

Without `endpoints` 443 leads everywhere, and a NAT gateway takes it there. The function calls no
other service: logs, traces and metrics are what Lambda sends, and not through the VPC.

Everything is found by its id: a template is synthesized without looking at an account.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import Fn, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.permissions import by_step
from infra.permissions.scope import Scope
from infra.permissions.statements import allow
from infra.settings.parts import Endpoints, Network
from shared.steps import Step

POSTGRESQL = 5432
HTTPS = 443

# The services with an interface endpoint, and the variable that makes the SDK use it
# (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
INTERFACES = {
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "rds": "AWS_ENDPOINT_URL_RDS",
}
GATEWAY = "dynamodb"

# EC2 lets a group without any rule reach everything; this rule allows nothing.
_NOWHERE = ec2.CfnSecurityGroup.EgressProperty(
    ip_protocol="-1", cidr_ip="127.0.0.1/32", description="Nowhere"
)


class FunctionNetwork(Construct):
    """The function's subnets and security groups, and the endpoints that it calls AWS through."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        network: Network,
        clusters: Sequence[str],
        port: int | None,
    ) -> None:
        """Let the function reach the clusters' security groups at their port."""
        super().__init__(scope, construct_id)
        self._prefix = prefix
        self._network = network
        self._port = port or POSTGRESQL
        self._endpoint_group = self._group_of_endpoints() if network.endpoints else None
        self.subnet_ids = network.subnet_ids
        self.security_group_ids: Sequence[str] = network.security_group_ids or (
            self._group_of_function(tuple(dict.fromkeys(clusters))),
        )
        if self._endpoint_group:
            for number, group_id in enumerate(self.security_group_ids):
                self._let_in(
                    f"FunctionIntoEndpoints{number}", group_id, self._endpoint_group, HTTPS
                )

    def endpoints_for(self, role: iam.IRole, permitted: Scope) -> Mapping[str, str]:
        """Make the endpoints, for this role alone; returns the variables that lead to them.

        They are not given the services' own names (private DNS): everything in the VPC would then
        call through them, and be refused.
        """
        endpoints = self._network.endpoints
        if endpoints is None or self._endpoint_group is None:
            return {}
        self._gateway(endpoints, role, permitted)
        return {
            variable: self._interface(service, self._endpoint_group, role, permitted)
            for service, variable in INTERFACES.items()
        }

    def _group_of_function(self, clusters: Sequence[str]) -> str:
        """Make a group that allows nothing in, and allow it into the clusters' groups."""
        to_clusters = [
            _egress(
                "The database port of clusters", self._port, destination_security_group_id=group_id
            )
            for group_id in clusters
        ]
        group = self._group(
            "FunctionGroup",
            f"{self._prefix}-setup-db-users",
            "The function that sets up database users",
            [*to_clusters, *self._ways_to_aws()],
        )
        for number, cluster in enumerate(clusters):
            self._let_in(f"FunctionIntoClusters{number}", group, cluster, self._port)
        return group

    def _ways_to_aws(self) -> list[ec2.CfnSecurityGroup.EgressProperty]:
        endpoints = self._network.endpoints
        if endpoints is None:
            return [_egress("AWS, through NAT", HTTPS, cidr_ip="0.0.0.0/0")]
        return [
            _egress(
                "Secrets Manager and RDS", HTTPS, destination_security_group_id=self._endpoint_group
            ),
            _egress(
                "DynamoDB", HTTPS, destination_prefix_list_id=endpoints.dynamodb_prefix_list_id
            ),
        ]

    def _group_of_endpoints(self) -> str:
        return self._group(
            "EndpointGroup",
            f"{self._prefix}-endpoints",
            "The endpoints that setup-db-users calls AWS through",
            [_NOWHERE],
        )

    def _group(
        self,
        construct_id: str,
        name: str,
        description: str,
        egress: Sequence[ec2.CfnSecurityGroup.EgressProperty],
    ) -> str:
        """Make a security group without a way in; returns its id."""
        group = ec2.CfnSecurityGroup(
            self,
            construct_id,
            group_description=f"{self._prefix}: {description}",
            vpc_id=self._network.vpc_id,
            security_group_egress=list(egress),
        )
        Tags.of(group).add("Name", name)
        return group.attr_group_id

    def _let_in(self, construct_id: str, source: str, target: str, port: int) -> None:
        """Let one security group into another one, both given by id."""
        ec2.CfnSecurityGroupIngress(
            self,
            construct_id,
            description=f"{self._prefix}: setup-db-users",
            group_id=target,
            source_security_group_id=source,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
        )

    def _interface(self, service: str, group: str, role: iam.IRole, permitted: Scope) -> str:
        """Make an interface endpoint in the function's subnets; returns its own URL."""
        endpoint = self._endpoint(
            service,
            policy=_policy(service, role, permitted),
            vpc_endpoint_type="Interface",
            private_dns_enabled=False,
            subnet_ids=list(self.subnet_ids),
            security_group_ids=[group],
        )
        # The first entry is the name for all zones, behind the id of its hosted zone.
        name = Fn.select(1, Fn.split(":", Fn.select(0, endpoint.attr_dns_entries)))
        return f"https://{name}"

    def _gateway(self, endpoints: Endpoints, role: iam.IRole, permitted: Scope) -> None:
        """Make the gateway of the route tables, narrow for this role and open for all others.

        Whatever else is behind these tables has to go through it from now on, too.
        """
        policy = _policy(GATEWAY, role, permitted)
        policy.add_statements(
            iam.PolicyStatement(
                principals=[iam.StarPrincipal()],
                actions=[f"{GATEWAY}:*"],
                resources=["*"],
                conditions={"ArnNotEquals": {"aws:PrincipalArn": role.role_arn}},
            )
        )
        self._endpoint(
            GATEWAY,
            policy=policy,
            vpc_endpoint_type="Gateway",
            route_table_ids=list(endpoints.route_table_ids),
        )

    def _endpoint(
        self, service: str, *, policy: iam.PolicyDocument, **kind: object
    ) -> ec2.CfnVPCEndpoint:
        endpoint = ec2.CfnVPCEndpoint(
            self,
            f"Endpoint-{service}",
            service_name=f"com.amazonaws.{Stack.of(self).region}.{service}",
            vpc_id=self._network.vpc_id,
            policy_document=policy,
            **kind,  # type: ignore[arg-type]
        )
        Tags.of(endpoint).add("Name", f"{self._prefix}-{service}")
        return endpoint


def interface_statements(permitted: Scope, function_name: str) -> list[iam.PolicyStatement]:
    """What Lambda does in the role to connect a function to a VPC, and the function itself may not.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    describing = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
    managing = (
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    )
    function = permitted.arn("lambda", f"function:{function_name}")
    by_the_function = {"ArnEquals": {"lambda:SourceFunctionArn": function}}
    return [
        allow(*describing, on=["*"]),
        # A subnet may be another account's, shared with this one.
        allow(
            *managing,
            on=[permitted.arn("ec2", "*/*"), permitted.arn("ec2", "subnet/*", account="*")],
        ),
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=[*describing, *managing],
            resources=["*"],
            conditions=by_the_function,
        ),
    ]


def _egress(
    description: str, port: int, **destination: str | None
) -> ec2.CfnSecurityGroup.EgressProperty:
    return ec2.CfnSecurityGroup.EgressProperty(
        description=description, ip_protocol="tcp", from_port=port, to_port=port, **destination
    )


def _policy(service: str, role: iam.IRole, permitted: Scope) -> iam.PolicyDocument:
    """Let the role do through an endpoint what it may do with the service anyway, nothing else.

    A gateway endpoint knows roles by this condition only, not as principals
    (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html).
    """
    by_role = {"ArnEquals": {"aws:PrincipalArn": role.role_arn}}
    return iam.PolicyDocument(
        statements=[
            statement.copy(
                principals=[iam.StarPrincipal()], conditions={**statement.conditions, **by_role}
            )
            for statement in by_step.statements(Step.SETUP_DB_USERS, permitted)
            if all(action.startswith(f"{service}:") for action in statement.actions)
        ]
    )
