"""The local cloud: AWS as far as the pipeline needs it, in this process, on one clock."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from moto.core.base_backend import BackendDict, backend_lock
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.s3.models import S3Backend

from local.api.endpoint import Endpoint
from local.api.faults import Faults
from local.api.rates import Rates
from local.aurora.model.limits import Durations
from local.aurora.required_permissions import required_by_rds
from local.aurora.simulator import AuroraSimulator
from local.background import Background
from local.calls import Calls
from local.clock import Clock
from local.cloudformation.deployment import Deployment, Stack, deploy
from local.emulator.accounts import SECRET, Accounts, owner_key
from local.emulator.mail import Post
from local.emulator.queues import Queues
from local.emulator.required_permissions import REQUIRED_BY
from local.emulator.shortcuts import Shortcuts
from local.emulator.transactions import Transactions
from local.eventbridge.deliveries import Delivery
from local.eventbridge.rules import Events
from local.eventbridge.scheduler import Scheduler
from local.functions.asynchronous import AsynchronousInvocations
from local.functions.functions import ACCOUNT, Functions, InvocationSeconds
from local.functions.invocations import Invocations
from local.functions.output import LogGroupArns
from local.functions.registry import Roster
from local.iam.judge import Judge
from local.iam.record import RECORD
from local.postgres import Databases
from local.workflows.workflows import Execution, Workflows

REGION = "us-west-2"

_only_one = threading.Lock()


class LocalCloud:
    """The cloud between `__enter__` and `__exit__`. The emulator allows one per process."""

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
        self._exit = ExitStack()
        self._clients: dict[tuple[str, str, str], Any] = {}
        # One session, for each reads the descriptions of all endpoints; it ignores the profile
        # that the developer's shell may name.
        self._session = boto3.Session(
            botocore_session=botocore.session.Session({"profile": (None,) * 4})
        )
        self._making_clients = threading.RLock()

    def __enter__(self) -> Self:
        if not _only_one.acquire(blocking=False):
            raise RuntimeError("There is a local cloud in this process already.")
        with ExitStack() as until_complete:
            until_complete.callback(_only_one.release)
            self._compose(until_complete.callback)
            self._exit = until_complete.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit.close()

    def _compose(self, at_exit: Callable[..., Any]) -> None:
        """Put the parts together, and on `at_exit`, in reverse, how each is taken away again."""
        clock = self.clock
        _configure_emulator(at_exit)
        at_exit(_empty_emulator)
        self.databases = Databases(self._directory / "postgres")
        at_exit(self.databases.close)
        self.aurora = AuroraSimulator(clock, self.databases, self._durations)
        self.aurora.install()
        at_exit(lambda: self.aurora.uninstall())
        roster = Roster()
        judge = Judge({**REQUIRED_BY, "rds": required_by_rds})
        endpoint = self._endpoint_server = Endpoint(clock, roster, judge)
        endpoint.start()
        at_exit(endpoint.close)
        at_exit(self._close_clients)
        self.functions = Functions(
            clock,
            self._directory,
            roster,
            {
                "AWS_ENDPOINT_URL": endpoint.url,
                "PGHOSTADDR": "127.0.0.1",
                "PGSSLROOTCERT": str(self.databases.ca_file),
            },
            self._invocation_seconds,
        )
        at_exit(self.functions.close)
        self._background = Background(clock)
        asynchronous = AsynchronousInvocations(clock, self.functions, self._background)
        self.events = Events(clock, endpoint.gate, asynchronous, self._background)
        self.scheduler = Scheduler(clock, self._background, self._connect)
        self.workflows = Workflows(clock, self.functions, endpoint.gate, self.events)
        invocations = Invocations(clock, self.functions, roster, asynchronous)
        queues = Queues(clock, self.functions, endpoint.gate, self._background)
        accounts = Accounts(roster)
        self.post = Post()
        for part in (
            self.workflows,
            invocations,
            queues,
            accounts,
            self.post,
            Transactions(),
            Shortcuts(),
            LogGroupArns(),
        ):
            part.install()
            at_exit(part.uninstall)
        at_exit(self._stop_everything)

    @property
    def endpoint(self) -> str:
        """The URL that all services answer at."""
        return self._endpoint_server.url

    @property
    def calls(self) -> Calls:
        """Every call of an API since the start or the last `reset`."""
        return self._endpoint_server.gate.calls

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self._endpoint_server.gate.faults

    @property
    def rates(self) -> Rates:
        """How many calls AWS admits."""
        return self._endpoint_server.gate.rates

    @property
    def environment(self) -> Mapping[str, str]:
        """What a shell must export for the AWS CLI, and `psql`, to find this cloud."""
        return {
            **self.environment_of(ACCOUNT),
            "PGHOSTADDR": "127.0.0.1",
            "PGSSLROOTCERT": str(self.databases.ca_file),
        }

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
        make: Any = self._session.client
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
        """Start an execution and wait for its end, and for all who are told of it."""
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
        """Redrive an execution and wait for its end, and for all who are told of it."""
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
        self._endpoint_server.gate.reset()
        self.post.clear()
        _empty_emulator()
        self.aurora.uninstall()
        for volume in tuple(self.databases._volumes):
            self.databases.delete(volume)
        self.aurora = AuroraSimulator(self.clock, self.databases, self._durations)
        self.aurora.install()
        self._endpoint_server.rebuild("rds")

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


def _configure_emulator(at_exit: Callable[..., Any]) -> None:
    """Let the emulator execute state machines and leave functions to us, and be quiet."""
    settings: dict[str, Any] = default_user_config
    for service, setting, value in (
        ("stepfunctions", "execute_state_machine", True),
        ("lambda", "use_docker", False),
    ):
        at_exit(settings[service].__setitem__, setting, settings[service][setting])
        settings[service][setting] = value
    logger = logging.getLogger("moto.stepfunctions")
    at_exit(logger.setLevel, logger.level)
    # It logs every failure of a task as an error of its own; the history has them all.
    logger.setLevel(logging.CRITICAL)


def _empty_emulator() -> None:
    """Throw away all resources. The emulator's own way makes every backend anew to do so."""
    with backend_lock:
        for service in BackendDict._instances:
            for _, _, backend in service.iter_backends():
                if isinstance(backend, S3Backend):
                    backend.reset()  # closes the files that hold its objects
            service.clear()
        BackendDict._instances.clear()
    reset_model_data()
