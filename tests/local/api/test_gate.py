"""Every call is identified and recorded, and goes wrong on request."""

import time

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local.api.faults import (
    AnswerError,
    KillWorker,
    LoseConnection,
    Precede,
    ServerError,
    Throttle,
    TimeOut,
)
from local.cloud import LocalCloud
from tests.local.toys import a_function, invoke

WRITER = """
    import boto3
    from botocore.config import Config

    def handler(event, context):
        once = Config(retries={"total_max_attempts": 1})
        table = boto3.resource("dynamodb", config=once).Table("letters")
        table.put_item(Item={"id": event["id"]})
        return "written"
"""


def a_table(cloud: LocalCloud) -> None:
    cloud.client("dynamodb").create_table(
        TableName="letters",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def items(cloud: LocalCloud) -> list[str]:
    scanned = cloud.client("dynamodb").scan(TableName="letters")["Items"]
    return sorted(item["id"]["S"] for item in scanned)


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def test_calls_of_every_protocol_are_identified(cloud: LocalCloud) -> None:
    a_function(cloud)
    cloud.calls.clear()

    cloud.client("rds", region_name="us-east-1").describe_db_clusters()
    cloud.client("dynamodb").list_tables()
    cloud.client("s3", region_name="us-east-1").create_bucket(Bucket="box")
    cloud.client("s3").put_object(Bucket="box", Key="a/b", Body=b"c")
    invoke(cloud, {})

    seen = [(f"{call.service}:{call.action}", call.region) for call in cloud.calls]
    assert seen == [
        ("rds:DescribeDBClusters", "us-east-1"),
        ("dynamodb:ListTables", "us-west-2"),
        ("s3:PUT /box", "us-east-1"),
        ("s3:PutObject", "us-west-2"),
        ("lambda:Invoke", "us-west-2"),
    ]


def test_a_call_tells_its_parameters_and_the_simulated_time(cloud: LocalCloud) -> None:
    cloud.clock.sleep(3600)

    cloud.client("sns").create_topic(Name="news")

    (call,) = cloud.calls.of("sns:*")
    assert call.parameters["Name"] == "news"
    assert call.at == cloud.clock.now()


def test_a_call_tells_which_function_made_it(cloud: LocalCloud) -> None:
    a_table(cloud)
    a_function(cloud, WRITER)

    invoke(cloud, {"id": "one"})

    (call,) = cloud.calls.of("dynamodb:PutItem", function="toy")
    assert call.parameters["TableName"] == "letters"
    assert cloud.calls.of("dynamodb:CreateTable", function="toy") == ()
    assert len(cloud.calls.of("dynamodb:CreateTable")) == 1


@pytest.mark.parametrize(
    ("service", "operation", "action", "code"),
    [
        ("rds", "describe_db_clusters", "DescribeDBClusters", "Throttling"),
        ("sns", "list_topics", "ListTopics", "Throttling"),
        ("dynamodb", "list_tables", "ListTables", "ThrottlingException"),
        ("secretsmanager", "list_secrets", "ListSecrets", "ThrottlingException"),
        ("stepfunctions", "list_state_machines", "ListStateMachines", "ThrottlingException"),
    ],
)
def test_a_throttled_call_is_refused_in_the_words_of_its_service(
    cloud: LocalCloud, service: str, operation: str, action: str, code: str
) -> None:
    fault = cloud.faults.on(f"*:{action}", do=Throttle())
    call = getattr(cloud.client(service), operation)

    with pytest.raises(ClientError) as caught:
        call()

    assert code_of(caught) == code
    assert fault.fired
    assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("service", "operation"),
    [("rds", "describe_db_clusters"), ("dynamodb", "list_tables"), ("s3", "list_buckets")],
)
def test_a_named_error_arrives_with_its_message(
    cloud: LocalCloud, service: str, operation: str
) -> None:
    cloud.faults.on(f"{service}:*", do=AnswerError("SomethingFault", "<it> & that"))

    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)()

    assert code_of(caught) == "SomethingFault"
    assert caught.value.response["Error"]["Message"] == "<it> & that"


def test_a_server_error_comes_before_the_call_took_effect(cloud: LocalCloud) -> None:
    a_table(cloud)
    cloud.faults.on("dynamodb:PutItem", do=ServerError())

    with pytest.raises(ClientError) as caught:
        cloud.client("dynamodb").put_item(TableName="letters", Item={"id": {"S": "lost"}})

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert items(cloud) == []


def test_a_lost_connection_comes_after_the_call_took_effect(cloud: LocalCloud) -> None:
    a_table(cloud)
    cloud.faults.on("dynamodb:PutItem", do=LoseConnection())

    with pytest.raises(ConnectionClosedError):
        cloud.client("dynamodb").put_item(TableName="letters", Item={"id": {"S": "there"}})

    assert items(cloud) == ["there"]


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["one"])])
def test_a_worker_is_killed_before_or_after_its_call(
    cloud: LocalCloud, when: str, left: list[str]
) -> None:
    a_table(cloud)
    a_function(cloud, WRITER)
    fault = cloud.faults.on(
        "dynamodb:PutItem",
        do=KillWorker("before") if when == "before" else KillWorker("after"),
        function="toy",
    )

    error = invoke(cloud, {"id": "one"})

    assert error["errorType"] == "Runtime.ExitError"
    assert items(cloud) == left
    assert fault.fired
    assert invoke(cloud, {"id": "two"}) == "written"


def test_a_function_that_hangs_in_a_call_runs_out_of_simulated_time(cloud: LocalCloud) -> None:
    a_table(cloud)
    a_function(cloud, WRITER, timeout=900)
    cloud.faults.on("dynamodb:PutItem", do=TimeOut(), function="toy")
    before = cloud.clock.now()

    error = invoke(cloud, {"id": "one"})

    assert error["errorType"] == "Sandbox.Timedout"
    assert (cloud.clock.now() - before).total_seconds() >= 900
    assert items(cloud) == ["one"]
    assert invoke(cloud, {"id": "two"}) == "written"


def test_a_fault_waits_for_the_call_it_was_asked_for(cloud: LocalCloud) -> None:
    fault = cloud.faults.on("dynamodb:List*", do=Throttle(), nth=3, times=2)
    outcomes = []

    for _ in range(6):
        try:
            cloud.client("dynamodb").list_tables()
        except ClientError:
            outcomes.append("throttled")
        else:
            outcomes.append("fine")

    assert outcomes == ["fine", "fine", "throttled", "throttled", "fine", "fine"]
    assert len(fault.struck) == 2


def test_a_fault_for_one_function_spares_the_others(cloud: LocalCloud) -> None:
    a_table(cloud)
    fault = cloud.faults.on("dynamodb:*", do=Throttle(), function="*-writer")
    a_function(cloud, WRITER, name="good")
    a_function(cloud, WRITER, name="bad-writer")

    outcomes = [invoke(cloud, {"id": name}, name) for name in ("good", "bad-writer")]

    assert outcomes[0] == "written"
    assert outcomes[1]["errorType"] == "ThrottlingException"
    assert [call.function for call in fault.struck] == ["bad-writer"]


def test_several_faults_strike_one_after_the_other(cloud: LocalCloud) -> None:
    first = cloud.faults.on("dynamodb:ListTables", do=Throttle())
    second = cloud.faults.on("dynamodb:ListTables", do=AnswerError("Other"), nth=2)
    codes = []

    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            cloud.client("dynamodb").list_tables()
        codes.append(code_of(caught))

    assert codes == ["ThrottlingException", "Other"]
    assert first.fired
    assert second.fired


def test_a_call_costs_little(cloud: LocalCloud) -> None:
    client = cloud.client("dynamodb")
    client.list_tables()
    began = time.perf_counter()

    for _ in range(20):
        client.list_tables()

    assert time.perf_counter() - began < 2


def test_a_function_can_be_run_a_second_time_in_the_middle_of_its_work(cloud: LocalCloud) -> None:
    a_table(cloud)
    a_function(cloud, WRITER)
    twice = Precede(lambda call: cloud.functions.run_twice(call.access_key))
    cloud.faults.on("dynamodb:PutItem", twice)

    answer = invoke(cloud, {"id": "a"})

    assert answer == "written"
    assert len(cloud.calls.of("dynamodb:PutItem")) == 2
    assert len(cloud.calls.of("lambda:Invoke")) == 1
    assert items(cloud) == ["a"]
