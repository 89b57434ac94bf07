"""EventBridge in the local cloud: events reach the targets of the deployed rules."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from jsonpath_ng.parser import parse as json_path
from moto.events.models import events_backends
from moto.events.utils import EventTemplateParser
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local.api.gate import Gate
from local.background import Background, Work
from local.clock import Clock
from local.eventbridge.deliveries import Delivery, Failure, deliver
from local.functions.asynchronous import AsynchronousInvocations, send_to_queue
from local.functions.functions import ACCOUNT
from local.iam.judge import serves
from local.iam.required_permissions import RequiredPermission


class Events:
    """The default event bus of every region, as far as AWS itself puts events on it."""

    def __init__(
        self,
        clock: Clock,
        gate: Gate,
        asynchronous: AsynchronousInvocations,
        background: Background,
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._asynchronous = asynchronous
        self._background = background

    def publish(self, message: Mapping[str, Any]) -> Delivery:
        """Send an event on its way to the targets of all enabled rules that match it."""
        rules = [
            rule
            for rule in _rules(message["region"]).values()
            if rule.state == "ENABLED"
            and not rule.scheduled_expression
            and rule.event_pattern.matches_event(dict(message))
        ]
        return self._deliver(rules, message)

    def fire(self, rule_name: str, region: str) -> Delivery:
        """Let a scheduled rule come due now.

        Raises `ValueError` when the rule is disabled or has no schedule: it would never fire.
        """
        rule = _rules(region)[rule_name]
        if rule.state != "ENABLED" or not rule.scheduled_expression:
            raise ValueError(f"{rule_name} is {rule.state}, schedule {rule.scheduled_expression!r}")
        message = event(
            source="aws.events",
            detail_type="Scheduled Event",
            region=region,
            time=self._clock.now(),
            resources=[rule.arn],
            detail={},
        )
        return self._deliver([rule], message)

    def _deliver(self, rules: Sequence[Any], message: Mapping[str, Any]) -> Delivery:
        return Delivery(
            [
                self._background.start(
                    f"{rule.name} to {target['Arn']}",
                    partial(self._reach, rule=rule, target=target, message=message),
                )
                for rule in rules
                for target in rule.targets
            ]
        )

    def _reach(
        self, work: Work, rule: Any, target: Mapping[str, Any], message: Mapping[str, Any]
    ) -> None:
        """Deliver to one target; what could not be delivered goes to its dead-letter queue."""
        failure = deliver(
            work, self._clock, target, lambda: self._send(work, target, _input(target, message))
        )
        if failure:
            _dead_letter(rule, target, message, failure)

    def _send(self, work: Work, target: Mapping[str, Any], payload: str) -> None:
        _, _, service, region, account, *_ = target["Arn"].split(":")
        match service:
            case "lambda":
                self._gate.invocation(target["Arn"], region)
                self._asynchronous.process(work, target["Arn"], region, payload.encode())
            case "states":
                starting = RequiredPermission("states:StartExecution", target["Arn"])
                if not serves(target["RoleArn"], starting):
                    raise PermissionError(f"{target['RoleArn']} does not allow {starting}")
                backend = stepfunctions_parser_backends[account][region]
                backend.start_execution(target["Arn"], None, payload)
            case "sqs":
                send_to_queue(target["Arn"], payload)
            case other:
                raise NotImplementedError(f"The local cloud delivers no events to {other}")


def event(
    *,
    source: str,
    detail_type: str,
    region: str,
    time: datetime,
    resources: Sequence[str],
    detail: Mapping[str, Any],
) -> dict[str, Any]:
    """An event in EventBridge's envelope."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def _rules(region: str) -> Mapping[str, Any]:
    rules: Mapping[str, Any] = events_backends[ACCOUNT][region].event_buses["default"].rules
    return rules


def _input(target: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    """What the target gets: the event, a part of it, a constant, or a template filled from it."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(json_path(target["InputPath"]).find(message)[0].value)
    if transformer := target.get("InputTransformer"):
        arrived = {**message, "ingestion-time": message["time"]}
        filled = EventTemplateParser.parse(
            transformer["InputTemplate"], transformer.get("InputPathsMap", {}), arrived
        )
        return json.dumps(filled)
    return json.dumps(message)


def _dead_letter(
    rule: Any, target: Mapping[str, Any], message: Mapping[str, Any], failure: Failure
) -> None:
    """Put an event that could not be delivered into the target's dead-letter queue, if any."""
    queue_arn = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue_arn:
        return
    about = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"]}
    send_to_queue(queue_arn, json.dumps(message), about | failure.attributes)
