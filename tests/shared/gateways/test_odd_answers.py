"""Answers that are none of AWS's: a proxy's page, half an answer, nothing at all."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from shared.errors import AwsUnreachable
from shared.gateways.aws import Aws
from tests.builders import an_operation, settings
from tests.servers import serving

REGION = "us-west-2"
EXECUTION = f"arn:aws:states:{REGION}:123456789012:execution:restore:one"

# A call of every service that answers with a body, through the gateway that makes it.
CALLS: dict[str, Callable[[Aws], object]] = {
    "dynamodb": lambda aws: aws.store.load("one"),
    "dynamodb in writing": lambda aws: aws.store.begin(an_operation()),
    "ec2": lambda aws: aws.network(REGION).check_security_groups(["sg-1"], "vpc-1"),
    "kms": lambda aws: aws.keys(REGION).check_usable("alias/key"),
    "rds": lambda aws: aws.aurora(REGION).cluster("aurora-staging"),
    "rds with pages": lambda aws: aws.snapshots(REGION).find("nightly"),
    "secretsmanager": lambda aws: aws.secrets.admin("admin"),
    "sns": lambda aws: aws.messages.publish(an_operation()),
    "stepfunctions": lambda aws: aws.executions.describe(EXECUTION),
}
BODIES = {
    "a page": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "a page in odd HTML": b"<html><head><title>502</title></head><body><hr></body></html>",
    "a proxy's words": b"upstream request timeout",
    "a front end's words": b"Internal Failure",
    "half of the XML": b"<DescribeDBClustersResponse><DescribeDBClustersResult><DBClus",
    "half of the JSON": b'{"Item": {"operation_id"',
    "nothing": b"",
}


class Answer(NamedTuple):
    """What the server says to everything."""

    status: int
    body: bytes


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Answer]]:
    """The answer of a server that stands in for all of AWS: the last one of the list."""
    given: list[Answer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(given[-1].status)
            self.send_header("Content-Length", str(len(given[-1].body)))
            self.end_headers()
            self.wfile.write(given[-1].body)

        def log_message(self, *_: object) -> None:
            """The test says what went wrong."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        yield given


@pytest.mark.parametrize("service", CALLS)
def test_what_is_no_answer_of_the_service_is_aws_being_unreachable(
    answers: list[Answer], service: str
) -> None:
    aws = Aws(settings())

    for status in (200, 403, 413, 500, 502, 503, 504):
        for name, body in BODIES.items():
            answers.append(Answer(status, body))
            with pytest.raises(AwsUnreachable) as raised:
                CALLS[service](aws)
            assert "Bad Gateway</body>" not in str(raised.value), name
