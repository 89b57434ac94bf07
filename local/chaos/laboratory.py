"""Where restores are broken: one cloud, set up once, and emptied after every restore."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any, Self

from local.aurora.model.limits import Durations
from local.chaos.breaking import arm, disarm
from local.chaos.cleaning import clean, logs
from local.chaos.points import Fault, Point, points_of
from local.chaos.recorder import Recorder
from local.chaos.scenarios import REHEARSAL, SCENARIOS, TARGET, TARGET_REGION, Scenario
from local.chaos.trial import Expectation, Trial, World
from local.clock import InstantClock
from local.functions.functions import InvocationSeconds
from local.postgres.databases import VolumeError
from local.rehearsal.evidence import Evidence, evidence
from local.rehearsal.production import (
    LOGINS,
    REGION,
    at_once,
    endpoint_of,
    fingerprints,
    make_cluster,
)
from local.rehearsal.scene import Scene, scene
from local.workflows.workflows import Execution
from shared import names
from shared.steps import Step

# A restore has few looks at things under way, and some.
_DURATIONS = Durations(
    copy=13,
    restore=8,
    snapshot=8,
    instance=10,
    password=5,
    pending=3,
    delete_snapshot=4,
    delete_instance=10,
    delete_cluster=10,
    rename=10,
    absent=3,
    echo=6,
    stop=8,
    start=8,
    reboot=3,
)
# Whether a worker is new must not matter to when things happen: points are found by counting.
_ALWAYS_THE_SAME = InvocationSeconds(warm=0.3, cold=0.3)
_PATIENCE_SECONDS = 120
_OLD_PASSWORD = "old-password"


class Laboratory:
    """A cloud with production in it, for the length of a block."""

    def __init__(self) -> None:
        self._parts = ExitStack()
        self._passwords: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self._scene: Scene = parts.enter_context(
                scene(
                    InstantClock(),
                    scale=0,
                    durations=replace(_DURATIONS),
                    invocation_seconds=_ALWAYS_THE_SAME,
                )
            )
            self._cloud = self._scene.cloud
            self._recorder = parts.enter_context(Recorder(self._cloud))
            self._take_rehearsal_snapshot()
            self._passwords = self._all_passwords()
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def points(self, scenario: Scenario) -> list[Point]:
        """Every breakage point of a scenario, found by a restore in which nothing else breaks."""
        with self._prepared(scenario):
            self._arm_abortion(scenario)
            execution = self._run(scenario.request)
            calls, talks = tuple(self._cloud.calls), self._cloud.databases.front.talks()
            of_restore = [talk for talk in talks if talk.hostname.startswith(TARGET)]
            points = list(points_of(scenario.name, calls, of_restore, execution.states))
        _check_ended(execution, scenario)
        if scenario.aborted_in:
            return [point for point in points if point.step == Step.SNS_NOTIFICATION.module]
        return points

    def trials(self, point: Point) -> Iterator[Trial]:
        """Break a restore at a point; then, where that ends it, what follows. None: not met.

        After a terminal error the cause is removed and the execution redriven, unless the restore
        finished without what failed, and told so; after an abortion the operation is abandoned
        and the same restore requested once more.
        """
        scenario = SCENARIOS[point.scenario]
        with self._prepared(scenario):
            self._arm_abortion(scenario)
            has_struck = arm(self._cloud, point)
            trial = self._trial(scenario.request, _expected(scenario, point.fault))
            if not has_struck():
                return
            has_told = trial.status == "SUCCEEDED" and bool(trial.state.get("leftovers"))
            if point.fault is Fault.TERMINAL and has_told:
                yield replace(trial, expectation="SUCCEEDED")
                return
            yield trial
            if scenario.aborted_in:
                return
            if point.fault is Fault.TERMINAL:
                redriven = self._cloud.redrive(trial.execution_arn)
                after = self._ended_trial(trial.before, scenario.request, redriven, "SUCCEEDED")
                yield replace(after, messages=trial.messages + after.messages)
            elif point.fault is Fault.ABORTED:
                self._abandon(trial)
                again = dict(scenario.request)
                # A target that users can work with already is not abandoned.
                if again["replace"] == "never" and self._world().arn_of(TARGET):
                    again["replace"] = "delete_first"
                yield self._trial(again, "SUCCEEDED")

    def clean_trial(self, scenario: Scenario) -> Trial:
        """A restore that nothing breaks."""
        with self._prepared(scenario):
            return self._trial(scenario.request, "SUCCEEDED")

    def real_seconds(self, scenario: Scenario) -> float:
        """Real time of a restore that nothing breaks, without that of copying directories."""
        with self._prepared(scenario):
            databases = self._cloud.databases
            begun, copied = time.monotonic(), databases.seconds_copying
            execution = self._run(scenario.request)
            seconds = time.monotonic() - begun - (databases.seconds_copying - copied)
        _check_ended(execution, scenario)
        return seconds

    @contextmanager
    def _prepared(self, scenario: Scenario) -> Iterator[None]:
        """The scene as the scenario has it; emptied afterwards."""
        # Points are found by counting: up to its fault, a restore must go as the clean one went.
        self._cloud.workflows.chance.seed(0)
        try:
            if scenario.replaces:
                make_cluster(self._cloud, TARGET, TARGET_REGION, _OLD_PASSWORD)
            self._cloud.calls.clear()
            self._cloud.databases.front.clear_interruptions()
            yield
        finally:
            disarm(self._cloud)
            clean(self._scene, keep={REHEARSAL})

    def _arm_abortion(self, scenario: Scenario) -> None:
        if scenario.aborted_in:
            state, nth = scenario.aborted_in
            arm(self._cloud, Point(scenario.name, state, "states:Enter", str(nth), Fault.ABORTED))

    def _abandon(self, aborted: Trial) -> None:
        if aborted.state.get("leftovers"):
            self._run({"abandon": True, "operation_id": aborted.operation_id})
            self._cloud.aurora.settle()
            self._scene.messages()

    def _run(self, request: Any) -> Execution:
        arn = self._cloud.start(self._scene.deployment.state_machine_arn, request)
        return self._cloud.workflows.wait(arn, _PATIENCE_SECONDS)

    def _trial(self, request: Any, expectation: Expectation) -> Trial:
        before = self._world()
        self._recorder.clear()
        execution = self._run(request)
        disarm(self._cloud)
        return self._ended_trial(before, request, execution, expectation)

    def _ended_trial(
        self, before: World, request: Any, execution: Execution, expectation: Expectation
    ) -> Trial:
        """All that is known of a restore that has ended, since the recorder was cleared."""
        operation_id = names.operation_id(execution.arn, execution.started_at)
        state, events = self._scene.item(operation_id), self._scene.events(operation_id)
        messages = tuple(self._scene.messages())
        pictures, writes = tuple(self._recorder.pictures), tuple(self._recorder.writes)
        reports = self._scene.reports()
        written = [state, events, messages, reports, execution.history, execution.cause, logs()]
        return Trial(
            expectation=expectation,
            request=request,
            execution_arn=execution.arn,
            status=execution.status,
            error=f"{execution.error}: {execution.cause}" if execution.error else "",
            operation_id=operation_id,
            before=before,
            after=self._world(),
            pictures=pictures,
            writes=writes,
            state=state,
            events=events,
            messages=messages,
            locks=self._scene.locks(),
            claims=tuple(self._claims(state.get("status") == "COMPLETED")),
            written=json.dumps(written, default=str),
            passwords=self._passwords,
        )

    def _claims(self, is_completed: bool) -> Iterator[Evidence]:
        """What a user of the target can see: the restored data, or the old cluster's."""
        if is_completed:
            yield from (
                piece
                for piece in evidence(self._scene, TARGET, TARGET_REGION)
                # Whether anything is left, the invariants say themselves.
                if piece.claim != "no temporary snapshot is left"
            )
            return
        claim = "the old cluster answers under its name"
        try:
            endpoint = endpoint_of(self._cloud, TARGET, TARGET_REGION)
            endpoint.connect("postgres", _OLD_PASSWORD, "postgres").close()
        except Exception as error:
            yield Evidence(claim, False, f"{type(error).__name__}: {error}")
        else:
            yield Evidence(claim, True)

    def _world(self) -> World:
        resources: dict[str, Any] = {}
        for region in (REGION, TARGET_REGION):
            rds = self._cloud.client("rds", region_name=region)
            clusters = rds.describe_db_clusters()["DBClusters"]
            resources |= {cluster["DBClusterArn"]: cluster for cluster in clusters}
            instances = rds.describe_db_instances()["DBInstances"]
            resources |= {instance["DBInstanceArn"]: instance for instance in instances}
            snapshots = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
            resources |= {each["DBClusterSnapshotArn"]: each for each in snapshots}
        production, login = self._scene.production, LOGINS[0]
        with closing(production.endpoint.connect(login, production.passwords[login])) as opened:
            data = fingerprints(opened)
        return World(resources, self._stamps(resources), data)

    def _stamps(self, resources: Any) -> dict[str, str]:
        by_volume: dict[str, str] = {}
        stamps = {}
        for arn in resources:
            volume = self._cloud.aurora.volume_of_snapshot(arn)
            if volume is None:
                continue
            if volume not in by_volume:
                try:
                    by_volume[volume] = self._cloud.databases.stamp(volume)
                except VolumeError:
                    continue
            stamps[arn] = by_volume[volume]
        return stamps

    def _take_rehearsal_snapshot(self) -> None:
        """Have production's snapshot in the target's region, as somebody's own."""
        with at_once(self._cloud):
            self._cloud.client("rds", region_name=TARGET_REGION).copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=self._scene.production.snapshot_arn,
                TargetDBClusterSnapshotIdentifier=REHEARSAL,
                KmsKeyId="alias/aws/rds",
                SourceRegion=REGION,
            )
            self._cloud.aurora.settle()

    def _all_passwords(self) -> frozenset[str]:
        secret = self._cloud.client("secretsmanager").get_secret_value(
            SecretId="aurora-restore/admin"
        )
        admin = json.loads(secret["SecretString"])["password"]
        here = self._scene
        return frozenset(
            {admin, _OLD_PASSWORD, *here.passwords.values(), *here.production.passwords.values()}
        )


def _check_ended(execution: Execution, scenario: Scenario) -> None:
    """Raise `RuntimeError` when a restore that nothing has broken did not end as it must."""
    if execution.status != _expected(scenario):
        raise RuntimeError(f"{scenario.name} ends as {execution.status}: {execution.cause}")


def _expected(scenario: Scenario, fault: Fault | None = None) -> Expectation:
    """How the execution must end. What closes an operation is tried again after any error."""
    if scenario.aborted_in or fault is Fault.ABORTED:
        return "ABORTED"
    return "FAILED" if fault is Fault.TERMINAL else "SUCCEEDED"
