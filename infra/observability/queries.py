"""The questions that the logs answer, saved in CloudWatch Logs Insights."""

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import aws_logs as logs
from constructs import Construct

from shared.errors import Retryable
from shared.names import Metric
from shared.operation.status import Phase, Status


class Query(NamedTuple):
    """A question, and the query that answers it; the ids in it are examples."""

    question: str
    text: str


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


_TRANSIENT = _quoted([error.__name__ for error in Retryable.__subclasses__()])
_CLOSED = _quoted([Status.COMPLETED, Status.FAILED])
# The embedded metric format writes values as lists; Insights finds their first item under `.0`.
_MINUTES = ", ".join(
    f"{name}_duration_seconds.0 / 60 as {name}_minutes" for name in ("total", *Phase)
)

WHAT_HAPPENED = Query(
    "What happened to an operation",
    """filter operation_id = "restore-20261123-120000-abcdef" and ispresent(message)
| fields @timestamp, step, message, status, error
| sort @timestamp asc
| limit 10000""",
)
RUNNING = Query(
    "What is running now",
    f"""filter ispresent(operation_id) and ispresent(status)
| stats latest(target_cluster) as cluster, latest(status) as current_status, \
latest(step) as last_step, earliest(timestamp) as since, latest(timestamp) as last_seen \
by operation_id
| filter current_status not in [{_CLOSED}]
| sort since asc""",
)
FAILED = Query(
    "Which steps failed, and why",
    f"""filter (ispresent(error) and error not in [{_TRANSIENT}]) \
or @message like /Task timed out|Runtime exited/
| fields @timestamp, operation_id, target_cluster, step, error, message, at, @log
| sort @timestamp desc
| limit 1000""",
)
DURATIONS = Query(
    "How long restores onto a cluster took",
    f"""filter target_cluster = "aurora-staging" and ispresent(total_duration_seconds.0)
| fields @timestamp, operation_id, {Metric.RESTORE_SUCCEEDED}.0 as succeeded, {_MINUTES}
| sort @timestamp desc
| limit 1000""",
)
TRIED_AGAIN = Query(
    "What was throttled or tried again",
    f"""filter error in [{_TRANSIENT}]
| stats count(*) as times, earliest(timestamp) as first_time, latest(timestamp) as last_time, \
latest(message) as last_message by operation_id, step, error
| sort times desc""",
)
ALL = (WHAT_HAPPENED, RUNNING, FAILED, DURATIONS, TRIED_AGAIN)


class Queries(Construct):
    """The questions, in a folder of the deployment's name, over the logs of its functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        log_groups: Sequence[logs.ILogGroup],
    ) -> None:
        super().__init__(scope, construct_id)
        for query in ALL:
            logs.CfnQueryDefinition(
                self,
                query.question,
                name=f"{prefix}/{query.question}",
                query_string=query.text,
                log_group_names=[group.log_group_name for group in log_groups],
            )
