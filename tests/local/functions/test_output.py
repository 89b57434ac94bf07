"""What functions print reaches CloudWatch, as log events and as metrics."""

from datetime import timedelta

from local.cloud import LocalCloud
from tests.local.toys import MISBEHAVING, a_function, invoke


def test_what_a_function_prints_is_in_its_log_also_when_it_crashes(cloud: LocalCloud) -> None:
    a_function(cloud, MISBEHAVING)
    invoke(cloud, {"do": "nothing"})
    invoke(cloud, {"do": "die"})

    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/toy")["events"]

    assert [event["message"] for event in events] == ["about to nothing", "about to die"]


def test_embedded_metrics_reach_cloudwatch(cloud: LocalCloud) -> None:
    source = """
        from aws_lambda_powertools.metrics import single_metric

        def handler(event, context):
            with single_metric("Duration", "Seconds", 42, namespace="Toys") as metric:
                metric.add_dimension("step", "toy")
    """
    a_function(cloud, source)
    invoke(cloud, {})
    now = cloud.clock.now()

    statistics = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Toys",
        MetricName="Duration",
        Dimensions=[{"Name": "step", "Value": "toy"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum"],
    )["Datapoints"]

    assert [point["Sum"] for point in statistics] == [42]
