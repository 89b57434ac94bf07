"""The kinds of text that settings consist of: what each allows, and how that is said."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator

from infra.settings import schedule_expressions


def _matching(pattern: str, allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} is not {allowed}")
        return value

    return check


def _text(pattern: str, allowed: str) -> AfterValidator:
    return AfterValidator(_matching(pattern, allowed))


Name = Annotated[
    str,
    _text(
        r"(?=.{1,36}$)[a-z](-?[a-z0-9])*", "1 to 36 lower case letters, digits and single hyphens"
    ),
]
ClusterPattern = Annotated[
    str,
    _text(
        r"[a-z][a-z0-9*-]{0,62}",
        "a lower case cluster id that starts with a letter and may hold the wildcard *",
    ),
]
Region = Annotated[str, _text(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as us-west-2")]
AccountId = Annotated[str, _text(r"\d{12}", "an account id of twelve digits")]
SecretId = Annotated[
    str,
    _text(
        r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}|[\w/+=.@-]+",
        "the name of a secret, or its whole ARN with the six characters at its end",
    ),
]
KeyArn = Annotated[
    str, _text(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "the ARN of a KMS key")
]
SubnetId = Annotated[str, _text(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "a subnet id")]
VpcId = Annotated[str, _text(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "a VPC id")]
RouteTableId = Annotated[str, _text(r"rtb-([0-9a-f]{8}|[0-9a-f]{17})", "a route table id")]
PrefixListId = Annotated[str, _text(r"pl-([0-9a-f]{8}|[0-9a-f]{17})", "a prefix list id")]
SecurityGroupId = Annotated[str, _text(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "a security group id")]
BucketName = Annotated[str, _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")]
# RDS takes no colon in it.
Prefix = Annotated[str, _text(r"[\w!.'()-]+(/[\w!.'()-]+)*", "a prefix of S3 keys")]
EmailAddress = Annotated[str, _text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
PhoneNumber = Annotated[
    str, _text(r"\+[1-9]\d{6,14}", "a phone number with its country code, such as +14155550100")
]
QueueArn = Annotated[str, _text(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w-]+", "the ARN of a queue")]
HttpsUrl = Annotated[str, _text(r"https://\S+", "a URL that begins with https://")]
ScheduleExpression = Annotated[str, AfterValidator(schedule_expressions.check)]
InstanceClass = Annotated[str, _text(r"db\.[a-z0-9.-]+", "an instance class such as db.r6g.large")]
ExternalId = Annotated[
    str, _text(r"[\w+=,.@:/-]{2,1224}", "an external id of 2 to 1224 letters, digits and +=,.@:/-")
]
