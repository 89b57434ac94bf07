"""A cluster that is refreshed again and again, as the demo does it."""

import json

from local.clock import participant
from local.rehearsal.availability import Server, Watch, servers, time_unserved
from local.rehearsal.evidence import evidence, evidence_of_swap
from local.rehearsal.production import live_on
from tests.restores.conftest import SHORT, Setting, on_a_stage
from tests.restores.stage import EXAMPLES, TARGET_REGION, Stage, request

pytestmark = on_a_stage(Setting.CHANGED)

CLUSTER = "aurora-staging"


def test_a_refresh_by_swapping_brings_what_production_has_become(stage: Stage) -> None:
    stage.restore()
    live_on(stage.cloud, stage.scene.production, customers=10)
    watch = Watch(stage.scene, CLUSTER, TARGET_REGION)

    outcome = stage.run(json.loads((EXAMPLES / "refresh_by_swapping.json").read_text()))
    watch.look()

    assert outcome.status == "SUCCEEDED"
    found = [*evidence(stage.scene, CLUSTER, TARGET_REGION), *evidence_of_swap(stage.scene, watch)]
    assert [one for one in found if not one.holds] == []


def test_nobody_serves_only_while_the_names_change_and_while_the_certificate_is_renewed(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    watch = Watch(stage.scene, CLUSTER, TARGET_REGION)

    with participant(stage.cloud.clock) as me:
        machine = stage.scene.deployment.state_machine_arn
        states = stage.cloud.client("stepfunctions")
        execution_arn = stage.cloud.start(machine, request(replace="swap"))
        while states.describe_execution(executionArn=execution_arn)["status"] == "RUNNING":
            me.sleep(3)
            watch.look()
    stage.end_of(execution_arn)

    nobody, new = Server.NOBODY, Server.NEW
    assert servers(watch.looks) == [Server.OLD, nobody, new, nobody, new]
    names, all_in_all = (
        time_unserved(looks).total_seconds()
        for looks in (
            watch.looks[: 1 + [look.server for look in watch.looks].index(new)],
            watch.looks,
        )
    )
    assert 2 * SHORT.rename <= names + 3 <= 2 * (SHORT.rename + SHORT.absent) + 30
    certificate = SHORT.stop + SHORT.start
    assert certificate <= all_in_all - names + 3 <= certificate * 1.1 + 30


def test_the_evidence_of_a_swap_misses_what_did_not_happen(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)

    found = list(evidence_of_swap(stage.scene, Watch(stage.scene, CLUSTER, TARGET_REGION)))

    assert not any(one.holds for one in found)


def test_a_replaced_cluster_that_is_kept_is_not_taken_for_gone(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    watch = Watch(stage.scene, CLUSTER, TARGET_REGION)

    stage.restore(replace="swap", keep_replaced_hours=24)
    watch.look()

    served, gone, final_snapshot = evidence_of_swap(stage.scene, watch)
    assert (served.holds, gone.holds, final_snapshot.holds) == (True, False, False)
