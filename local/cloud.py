"""The local cloud: AWS as far as the pipeline needs it, in this process, on one clock."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

from botocore.config import Config

from local.api.endpoint import Endpoint
from local.api.faults import Faults
from local.api.rates import Rates
from local.aurora.model.limits import Durations
from local.aurora.required_permissions import required_by_rds
from local.aurora.simulator import AuroraSimulator
from local.background import Background
from local.calls import Calls
from local.clients import session
from local.clock import Clock
from local.cloudformation.deployment import Deployment, Stack, deploy
from local.emulator.accounts import SECRET, owner_key, separate_accounts
from local.emulator.lifetime import empty, emulator
from local.emulator.mail import Mail
from local.emulator.queues import Queues
from local.emulator.required_permissions import REQUIRED_BY
from local.emulator.shortcuts import shortcuts
from local.emulator.transactions import isolated_transactions
from local.eventbridge.deliveries import Delivery
from local.eventbridge.rules import Events
from local.eventbridge.scheduler import Scheduler
from local.functions.asynchronous import AsynchronousInvocations
from local.functions.fork_server import ForkServer
from local.functions.functions import ACCOUNT, Functions, InvocationSeconds
from local.functions.invocations import Invocations
from local.functions.output import log_group_arns
from local.functions.registry import Registry
from local.iam.judge import Judge
from local.iam.record import RECORD
from local.postgres import Databases
from local.workflows.workflows import Execution, Workflows

REGION = "us-west-2"

_only_one = threading.Lock()


class LocalCloud:
    """The cloud, for the length of a block. The emulator allows one per process."""

    def __init__(
        self,
        clock: Clock,
        directory: Path,
        durations: Durations | None = None,
        invocation_seconds: InvocationSeconds | None = None,
    ) -> None:
        """Keep everything that needs files under `directory`."""
        self.clock = clock
        self._directory = directory
        self._durations = durations
        self._invocation_seconds = invocation_seconds or InvocationSeconds()
        self._parts = ExitStack()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._making_clients = threading.RLock()

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self._enter(parts)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def _enter(self, parts: ExitStack) -> None:
        """Start the parts from the ground up; they stop in the reverse order."""
        clock, enter = self.clock, parts.enter_context
        enter(_the_only_cloud())
        enter(emulator())
        self.databases = enter(closing(Databases(self._directory / "postgres")))
        self._simulation = enter(ExitStack())
        self._enter_simulator()
        registry = Registry()
        judge = Judge({**REQUIRED_BY, "rds": required_by_rds})
        self._endpoint = enter(Endpoint(clock, registry, judge))
        gate = self._endpoint.gate
        parts.callback(self._close_clients)
        fork_server = enter(ForkServer(self._directory))
        self.functions = enter(self._functions(fork_server, registry))
        background = self._background = Background(clock)
        asynchronous = AsynchronousInvocations(clock, self.functions, background)
        self.events = Events(clock, gate, asynchronous, background)
        self.scheduler = Scheduler(clock, background, self._connect)
        self.workflows = enter(Workflows(clock, self.functions, gate, self.events))
        enter(Invocations(clock, self.functions, registry, asynchronous))
        enter(Queues(clock, self.functions, gate, background))
        enter(separate_accounts(registry.lend))
        self.mail = enter(Mail())
        enter(isolated_transactions())
        enter(shortcuts())
        enter(log_group_arns())
        parts.callback(self._stop_everything)

    def _enter_simulator(self) -> None:
        """Take over RDS, with nothing in it."""
        self.aurora = self._simulation.enter_context(
            AuroraSimulator(self.clock, self.databases, self._durations)
        )

    def _functions(self, fork_server: ForkServer, registry: Registry) -> Functions:
        """Functions that find this cloud, and its databases under their names on AWS."""
        environment = {"AWS_ENDPOINT_URL": self.endpoint, **self._database_environment}
        return Functions(
            self.clock,
            self._directory,
            fork_server,
            registry,
            environment,
            self._invocation_seconds,
        )

    @property
    def endpoint(self) -> str:
        """The URL that all services answer at."""
        return self._endpoint.url

    def https(self, ca_file: Path) -> AbstractContextManager[str]:
        """Answer over HTTPS as well, for the length of a block; gives the URL.

        `ca_file` gets the certificate of the authority that signs for it.
        """
        return self._endpoint.https(ca_file)

    @property
    def calls(self) -> Calls:
        """Every call of an API since the start or the last `reset`."""
        return self._endpoint.gate.calls

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self._endpoint.gate.faults

    @property
    def rates(self) -> Rates:
        """How many calls AWS admits."""
        return self._endpoint.gate.rates

    @property
    def environment(self) -> Mapping[str, str]:
        """What a shell must export for the AWS CLI, and `psql`, to find this cloud."""
        return {**self.environment_of(ACCOUNT), **self._database_environment}

    @property
    def _database_environment(self) -> Mapping[str, str]:
        return {"PGHOSTADDR": "127.0.0.1", "PGSSLROOTCERT": str(self.databases.ca_file)}

    def environment_of(self, account_id: str) -> Mapping[str, str]:
        """What the AWS CLI needs to act as an account's owner."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": owner_key(account_id),
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, *, region_name: str = REGION, account_id: str = ACCOUNT) -> Any:
        """A boto3 client of an account's owner, the same for the same arguments."""
        access_key = owner_key(account_id)
        key = (service, region_name, account_id)
        with self._making_clients:
            if key not in self._clients:
                self._clients[key] = self._connect(
                    service,
                    region_name=region_name,
                    aws_access_key_id=access_key,
                    aws_secret_access_key=SECRET,
                )
            return self._clients[key]

    def _connect(self, service: str, **settings: Any) -> Any:
        """A new client of this cloud."""
        # Which services there are is only known to the type checker's stubs.
        make: Any = session().client
        with self._making_clients:
            return make(
                service,
                endpoint_url=self.endpoint,
                config=Config(retries={"total_max_attempts": 1}),
                **settings,
            )

    def deploy(self, assembly: Path) -> Deployment:
        """Deploy the pipeline's stack, of a synthesized cloud assembly.

        Raises `DeploymentFailed` when something in it cannot be deployed.
        """
        RECORD.deployed(assembly)
        return Deployment.of(deploy(self, assembly, ACCOUNT))

    def deploy_source(self, assembly: Path, account_id: str) -> Stack:
        """Deploy a source account's stack into it, of a synthesized cloud assembly."""
        return deploy(self, assembly, account_id)

    def run(self, state_machine_arn: str, request: object, name: str | None = None) -> Execution:
        """Start an execution and wait for its end, and for the rules' targets to receive it."""
        return self.workflows.wait(self.start(state_machine_arn, request, name))

    def start(self, state_machine_arn: str, request: object, name: str | None = None) -> str:
        """Start an execution; returns its ARN."""
        arguments = {"name": name} if name else {}
        region = state_machine_arn.split(":")[3]
        started = self.client("stepfunctions", region_name=region).start_execution(
            stateMachineArn=state_machine_arn, input=json.dumps(request), **arguments
        )
        return str(started["executionArn"])

    def redrive(self, execution_arn: str) -> Execution:
        """Redrive an execution and wait for its end, and for the rules' targets to receive it."""
        region = execution_arn.split(":")[3]
        self.client("stepfunctions", region_name=region).redrive_execution(
            executionArn=execution_arn
        )
        return self.workflows.wait(execution_arn)

    def fire(self, rule_name: str, *, region_name: str = REGION) -> Delivery:
        """Let a scheduled rule come due now."""
        return self.events.fire(rule_name, region_name)

    def fire_schedule(self, name: str, *, region_name: str = REGION) -> Delivery:
        """Let a schedule of EventBridge Scheduler come due now."""
        return self.scheduler.fire(name, region_name)

    def reset(self) -> None:
        """Empty the cloud: no resource, execution, worker, fault or record is left."""
        self._stop_everything()
        self._endpoint.gate.reset()
        self.mail.clear()
        empty()
        self._simulation.close()
        self.databases.delete_all()
        self._enter_simulator()
        self._endpoint.rebuild("rds")

    def _stop_everything(self) -> None:
        """Stop whatever goes on by itself: executions, deliveries, workers."""
        self.workflows.stop()
        self._background.stop()
        self.functions.stop()
        self.workflows.reset()
        self._background.reset()
        self.functions.reset()

    def _close_clients(self) -> None:
        while self._clients:
            _, client = self._clients.popitem()
            client.close()


@contextmanager
def _the_only_cloud() -> Iterator[None]:
    """Keep other clouds out of this process; raises `RuntimeError` when there is one already."""
    if not _only_one.acquire(blocking=False):
        raise RuntimeError("There is a local cloud in this process already.")
    try:
        yield
    finally:
        _only_one.release()
