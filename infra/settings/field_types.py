"""The kinds of text that only a deployment's settings consist of, beside those of requests."""

from typing import Annotated

from pydantic import AfterValidator

from infra.settings import schedule_expressions
from shared.request.fields import text

Name = Annotated[
    str,
    text(
        r"(?=.{1,36}$)[a-z](-?[a-z0-9])*", "1 to 36 lower case letters, digits and single hyphens"
    ),
]
ClusterPattern = Annotated[
    str,
    text(
        r"[a-z][a-z0-9*-]{0,62}",
        "a lower case cluster id that starts with a letter and may hold the wildcard *",
    ),
]
SecretId = Annotated[
    str,
    text(
        r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}|[\w/+=.@-]+",
        "the name of a secret, or its whole ARN with the six characters at its end",
    ),
]
"""Stricter than a request has to be: IAM policies are written with it."""
KeyArn = Annotated[
    str, text(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "the ARN of a KMS key")
]
SubnetId = Annotated[str, text(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "a subnet id")]
VpcId = Annotated[str, text(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "a VPC id")]
RouteTableId = Annotated[str, text(r"rtb-([0-9a-f]{8}|[0-9a-f]{17})", "a route table id")]
PrefixListId = Annotated[str, text(r"pl-([0-9a-f]{8}|[0-9a-f]{17})", "a prefix list id")]
BucketName = Annotated[str, text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")]
# RDS takes no colon in it.
Prefix = Annotated[str, text(r"[\w!.'()-]+(/[\w!.'()-]+)*", "a prefix of S3 keys")]
EmailAddress = Annotated[str, text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
PhoneNumber = Annotated[
    str, text(r"\+[1-9]\d{6,14}", "a phone number with its country code, such as +14155550100")
]
QueueArn = Annotated[str, text(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w-]+", "the ARN of a queue")]
HttpsUrl = Annotated[str, text(r"https://\S+", "a URL that begins with https://")]
ScheduleExpression = Annotated[str, AfterValidator(schedule_expressions.check)]
ExternalId = Annotated[
    str, text(r"[\w+=,.@:/-]{2,1224}", "an external id of 2 to 1224 letters, digits and +=,.@:/-")
]
