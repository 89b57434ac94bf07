"""The harness itself: what it costs, in which order, what becomes of a fact, what is removed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.api.faults import AnswerError
from local.cloud import LocalCloud
from tests.contract.conftest import places_in
from tests.contract.harness.aws import Aws, Places
from tests.contract.harness.cleaning import clean, leftovers
from tests.contract.harness.cost import announcement, estimate, needs_of
from tests.contract.harness.fact import Check, Fact, all_facts, fact
from tests.contract.harness.needs import Need
from tests.contract.harness.place import refused
from tests.contract.harness.run import PREFIX, TAG
from tests.contract.harness.stock import Stock
from tests.contract.harness.trial import Verdict, in_order, try_fact

FACT = all_facts()[0]


def a_fact(check: Check, *needs: Need) -> Fact:
    return replace(FACT, check=check, needs=frozenset(needs))


@pytest.fixture(autouse=True)
def empty_cloud(cloud: LocalCloud) -> Iterator[None]:
    yield
    cloud.reset()


@pytest.fixture
def here(cloud: LocalCloud) -> Places:
    """Places of a run that has made nothing yet."""
    return places_in(cloud)


def test_a_fact_that_is_true_holds_and_keeps_the_answers(here: Places) -> None:
    def check(aws: Aws) -> None:
        aws.home.rds.describe_db_clusters()

    outcome = try_fact(a_fact(check), here, Stock(here))

    assert outcome.verdict is Verdict.HOLDS
    assert outcome.answers == {"rds:DescribeDBClusters": {"DBClusters": []}}


def test_a_fact_that_is_not_true_differs_and_says_where(here: Places) -> None:
    def check(aws: Aws) -> None:
        clusters = aws.home.rds.describe_db_clusters()["DBClusters"]
        assert clusters, "none"

    outcome = try_fact(a_fact(check), here, Stock(here))

    assert outcome.verdict is Verdict.DIFFERS
    assert outcome.why.startswith('assert clusters, "none"')


def test_an_answer_without_what_a_fact_reads_differs(here: Places) -> None:
    def check(aws: Aws) -> None:
        (first,) = aws.home.rds.describe_db_clusters()["DBClusters"]
        assert first

    outcome = try_fact(a_fact(check), here, Stock(here))

    assert outcome.verdict is Verdict.DIFFERS
    assert "ValueError" in outcome.why


def test_a_call_that_is_accepted_is_not_refused(here: Places) -> None:
    def check(aws: Aws) -> None:
        with refused("DBClusterNotFoundFault"):
            aws.home.rds.describe_db_clusters()

    assert try_fact(a_fact(check), here, Stock(here)).verdict is Verdict.DIFFERS


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "InternalFailure"])
def test_what_any_call_may_answer_decides_nothing(
    cloud: LocalCloud, here: Places, code: str
) -> None:
    cloud.faults.on("rds:DescribeDBClusters", AnswerError(code))

    def check(aws: Aws) -> None:
        with refused("DBClusterNotFoundFault"):
            aws.home.rds.describe_db_clusters()

    outcome = try_fact(a_fact(check), here, Stock(here))

    assert outcome.verdict is Verdict.UNDECIDED
    assert code in outcome.why


def test_what_cannot_be_made_leaves_facts_undecided_and_is_not_tried_again(
    cloud: LocalCloud, here: Places
) -> None:
    def check(aws: Aws) -> None:
        aws.has(Need.CLUSTER)

    refusal = AnswerError("DBClusterQuotaExceededFault")
    cloud.faults.on("rds:CreateDBCluster", refusal)
    stock = Stock(here)

    outcomes = [try_fact(a_fact(check, Need.CLUSTER), here, stock) for _ in range(2)]

    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNDECIDED] * 2
    assert all("DBClusterQuotaExceededFault" in outcome.why for outcome in outcomes)
    assert sum(call.action == "CreateDBCluster" for call in cloud.calls) == 1


def test_what_a_fact_that_differs_has_taken_away_is_made_once_more(here: Places) -> None:
    def check(aws: Aws) -> None:
        aws.home.delete_cluster(aws.has(Need.CLUSTER))
        aws.home.wait_until_gone(
            lambda: aws.home.cluster(aws.has(Need.CLUSTER)), "DBClusterNotFoundFault"
        )
        raise AssertionError

    stock, verdicts = Stock(here), []
    for _ in range(3):
        verdicts.append(try_fact(a_fact(check, Need.CLUSTER), here, stock).verdict)
        stock.mend()

    assert verdicts == [Verdict.DIFFERS, Verdict.DIFFERS, Verdict.UNDECIDED]


def test_without_a_second_account_what_needs_one_is_undecided(here: Places) -> None:
    alone = replace(here, other=None)

    def check(aws: Aws) -> None:
        aws.other.rds.describe_db_clusters()

    outcome = try_fact(a_fact(check, Need.OTHER_ACCOUNT), alone, Stock(alone))

    assert outcome.verdict is Verdict.UNDECIDED


def test_a_fact_gets_only_what_it_declares(here: Places) -> None:
    def check(aws: Aws) -> None:
        aws.has(Need.CLUSTER)

    outcome = try_fact(a_fact(check), here, Stock(here))

    assert "does not declare" in outcome.why
    assert leftovers(here.home, here.elsewhere) == []


def test_two_facts_cannot_have_one_name() -> None:
    declare = fact("Something.", source="nowhere", since=None)

    with pytest.raises(ValueError, match=FACT.name):
        declare(FACT.check)


def test_the_riskiest_is_first_and_then_what_costs_least() -> None:
    ordered = in_order(all_facts())

    assert ordered[0].name == "a_certificate_keeps_the_old_name_after_a_rename"
    assert ordered[1].name == "a_cluster_is_available_while_its_final_snapshot_is_made"
    assert [fact.risk for fact in ordered] == sorted(fact.risk for fact in ordered)
    last = [fact.effort.value.minutes for fact in ordered if fact.risk == ordered[-1].risk]
    assert last == sorted(last)


def test_what_is_shared_is_paid_for_once_with_all_that_it_is_made_of() -> None:
    one = a_fact(FACT.check, Need.ENCRYPTED)

    assert needs_of([one, one]) == (Need.KEY, Need.SERVED, Need.ENCRYPTED)
    twice, once = estimate([one, one]), estimate([one])
    assert twice.dollars - once.dollars == pytest.approx(one.effort.value.dollars)


def test_everything_together_costs_a_few_dollars_and_about_half_a_day() -> None:
    bound = estimate(all_facts())

    assert bound.dollars < 5
    assert bound.minutes < 13 * 60
    assert any(str(bound) in line for line in announcement(bound, "an account", 12))


def test_every_need_is_made_of_something(here: Places) -> None:
    assert set(Need) - Stock(here).kinds() == {Need.CONNECTION}


def test_everything_that_runs_have_made_is_removed_and_nothing_else(
    cloud: LocalCloud, here: Places
) -> None:
    makes_something = set(Need) - {Need.CONNECTION, Need.OTHER_ACCOUNT, Need.DEFAULT_KEY}
    bystander, named = "production", f"{PREFIX}but-not-tagged"
    for name in (bystander, named):
        here.home.has_cluster(DBClusterIdentifier=name, Tags=None)
    here.home.has_cluster(DBClusterIdentifier="tagged-but-not-named")
    kept = cloud.client("kms", account_id=here.home.account_id).create_key()["KeyMetadata"]["KeyId"]
    crashed = Stock(here)
    for need in makes_something:
        crashed(need)
    assert here.other
    here.other.client("kms").create_key(Tags=[{"TagKey": TAG, "TagValue": "x"}])
    here.home.has_cluster("protected", DeletionProtection=True)
    stopped = here.home.has_cluster("stopped")
    here.home.rds.stop_db_cluster(DBClusterIdentifier=stopped)
    gone = here.home.has_cluster("gone")
    here.home.rds.delete_db_cluster(
        DBClusterIdentifier=gone, SkipFinalSnapshot=True, DeleteAutomatedBackups=False
    )
    here.home.wait_until_gone(lambda: here.home.cluster(gone), "DBClusterNotFoundFault")
    here.home.copy(crashed(Need.SNAPSHOT), "under-way")

    next_run = places_in(cloud)
    found = leftovers(next_run.home, next_run.elsewhere)
    left = clean(next_run.home, next_run.elsewhere, next_run.home.run.pace)

    kinds = {line.split(": ")[1].split(" ")[0] for line in found}
    wanted = [
        "instance",
        "cluster",
        "snapshot",
        "key",
        "bucket",
        "role",
        "table",
        "queue",
        "state",
        "backup",
        "function",
    ]
    assert kinds == set(wanted)
    assert left == []
    clusters = here.home.rds.describe_db_clusters()["DBClusters"]
    assert identifiers(clusters) == {bystander, named, "tagged-but-not-named"}
    key = here.home.client("kms").describe_key(KeyId=kept)["KeyMetadata"]
    assert key["KeyState"] == "Enabled"


def test_what_will_not_go_is_named(cloud: LocalCloud, here: Places) -> None:
    cluster = here.home.has_cluster()
    cloud.faults.on("rds:DeleteDBCluster", AnswerError("AccessDenied"), times=1000)

    assert clean(here.home, (), here.home.run.pace, most_rounds=3) == [
        f"{here.home.account_id}/{here.home.region}: cluster {cluster}"
    ]


def identifiers(clusters: Iterable[Any]) -> set[str]:
    return {cluster["DBClusterIdentifier"] for cluster in clusters}
