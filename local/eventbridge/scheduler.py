"""EventBridge Scheduler in the local cloud: a deployed schedule calls any API as its role.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore import xform_name
from moto.scheduler.models import scheduler_backends

from local.background import Background, Work
from local.clock import Clock
from local.eventbridge.deliveries import Delivery, deliver
from local.functions.asynchronous import send_to_queue
from local.functions.functions import ACCOUNT
from local.iam.judge import serves
from local.iam.policies import trusts_service
from local.iam.required_permissions import RequiredPermission
from local.iam.sessions import role_of, take_role

_PRINCIPAL = "scheduler.amazonaws.com"
_SENDING = "sqs:SendMessage"


class Scheduler:
    """The schedules of every region. They come due only on request."""

    def __init__(self, clock: Clock, background: Background, connect: Callable[..., Any]) -> None:
        """Make clients with `connect`, which takes what `boto3.client` takes."""
        self._clock = clock
        self._background = background
        self._connect = connect

    def fire(self, name: str, region: str) -> Delivery:
        """Let the schedule of this name come due now.

        Raises `ValueError` when it is disabled, or its role is not for schedules: AWS would not
        have taken it.
        """
        (schedule,) = (
            group.schedules[name]
            for group in scheduler_backends[ACCOUNT][region].schedule_groups.values()
            if name in group.schedules
        )
        if schedule.state != "ENABLED":
            raise ValueError(f"{name} is {schedule.state}")
        role = role_of(schedule.target["RoleArn"])
        if not trusts_service(role.assume_role_policy_document, _PRINCIPAL):
            raise ValueError(f"{name}: the role {role.name} does not let {_PRINCIPAL} take it")
        work = partial(self._reach, schedule=schedule, region=region)
        return Delivery([self._background.start(f"schedule {name}", work)])

    def _reach(self, work: Work, schedule: Any, region: str) -> None:
        """Call what the schedule calls; what fails for good goes to its dead-letter queue, if any.

        Here, unlike with a rule, it is the role that must be allowed to send to the queue.
        """
        target, due = schedule.target, f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        failure = deliver(
            work,
            self._clock,
            target,
            lambda: self._call(target, self._input(schedule, due), region),
        )
        queue_arn = target.get("DeadLetterConfig", {}).get("Arn")
        if (
            failure
            and queue_arn
            and serves(target["RoleArn"], RequiredPermission(_SENDING, queue_arn))
        ):
            about = {"SCHEDULE_ARN": schedule.arn, "TARGET_ARN": target["Arn"]}
            send_to_queue(
                queue_arn,
                self._input(schedule, due),
                {**about, "SCHEDULED_TIME": due, **failure.attributes},
            )

    def _input(self, schedule: Any, due: str) -> str:
        """The schedule's input, with its context attributes filled in."""
        text = str(schedule.target["Input"])
        for attribute, value in (
            ("schedule-arn", schedule.arn),
            ("scheduled-time", due),
            ("execution-id", uuid.uuid4().hex[:16]),
            ("attempt-number", "1"),
        ):
            text = text.replace(f"<aws.scheduler.{attribute}>", value)
        return text

    def _call(self, target: Any, payload: str, region: str) -> None:
        *_, kind, service, action = target["Arn"].split(":")
        if kind != "aws-sdk":
            raise NotImplementedError(f"The local cloud runs no schedule of {target['Arn']}")
        session = take_role(target["RoleArn"], "scheduler", region)
        client = self._connect(
            service,
            region_name=region,
            aws_access_key_id=session.access_key_id,
            aws_secret_access_key=session.secret_access_key,
            aws_session_token=session.session_token,
        )
        try:
            getattr(client, xform_name(action))(**json.loads(payload))
        finally:
            client.close()
