"""What functions print, as CloudWatch keeps it: log events, and metrics embedded in them."""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogGroup, logs_backends

from local.iam.judge import serves
from local.iam.required_permissions import RequiredPermission
from local.patches import Patches

_lock = threading.Lock()  # the emulator's log streams are not safe for threads


@contextmanager
def log_group_arns() -> Iterator[None]:
    """Let templates get the ARN of a log group with the `:*` that AWS ends it with.

    So the policies of a template are about the streams in a group.
    """
    get = LogGroup.get_cfn_attribute

    def get_with_streams(group: Any, attribute: str) -> str:
        return f"{get(group, attribute)}:*"

    with Patches() as patches:
        patches.replace(LogGroup, "get_cfn_attribute", get_with_streams)
        yield


def may_log(role_arn: str, region: str, group: str, stream: str) -> bool:
    """Whether Lambda, in a function's role, may write to a log stream."""
    account = role_arn.split(":")[4]
    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"
    actions = ("CreateLogStream", "PutLogEvents")
    return serves(role_arn, *(RequiredPermission(f"logs:{action}", arn) for action in actions))


def write_log(account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append `lines` to a log stream, which is made when it is not there, with its group."""
    # Logs keep the machine's time: CloudWatch refuses events from another day.
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    if not events:
        return
    with _lock:
        backend = logs_backends[account][region]
        if group not in backend.groups:
            backend.create_log_group(group, {})
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, events)


def put_embedded_metrics(account: str, region: str, lines: Iterable[str], now: datetime) -> None:
    """Put the metrics of those `lines` that are in the embedded metric format."""
    for line in lines:
        document = _embedded_metrics(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            data = [
                _datum(document, dimensions, metric, now)
                for dimensions in directive["Dimensions"]
                for metric in directive["Metrics"]
            ]
            with _lock:
                backend = cloudwatch_backends[account][region]
                backend.put_metric_data(directive["Namespace"], data)


def _embedded_metrics(line: str) -> dict[str, Any]:
    if '"_aws"' not in line:
        return {}
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _datum(
    document: Mapping[str, Any], dimensions: list[str], metric: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    value = document[metric["Name"]]
    values = value if isinstance(value, list) else [value]
    return {
        "MetricName": metric["Name"],
        "Dimensions": [{"Name": name, "Value": str(document[name])} for name in dimensions],
        "Values": values,
        "Counts": ["1"] * len(values),
        "Unit": metric.get("Unit", "None"),
        "Timestamp": now.replace(tzinfo=None),  # the emulator compares naive times, in UTC
    }
