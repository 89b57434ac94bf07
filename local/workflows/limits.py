"""What Step Functions takes of a task's result, and what becomes of a task that returns more.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

import json
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

_LONGEST_PAYLOAD_BYTES = 256 * 1024


def check_size(env: Any, payload: object) -> None:
    """Fail a task with `States.DataLimitExceeded` when its result is too long.

    Nobody here has seen whether an error report counts as a result; it does here.
    """
    if len(json.dumps(payload, ensure_ascii=False).encode()) > _LONGEST_PAYLOAD_BYTES:
        raise _too_long(env)


def _too_long(env: Any) -> FailureEventException:
    """What becomes of a task whose result is too long."""
    name = StatesErrorName(typ=StatesErrorNameType.StatesStatesDataLimitExceeded)
    details = TaskFailedEventDetails(
        error=name.error_name,
        cause="The state/task returned a result with a size exceeding the maximum number of bytes "
        "service limit.",
        resource="invoke",
        resourceType="lambda",
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )
