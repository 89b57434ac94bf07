"""KMS, Secrets Manager, SNS, EC2, S3 and STS: keys, and names that lead nowhere."""

from datetime import date

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Need
from tests.contract.harness.place import refused


@fact(
    "A key is described by ARN and by id, with its ARN, its account and whether it is enabled.",
    source="botocore: DescribeKey.KeyId, KeyMetadata",
    since=FIRST,
    needs=[Need.KEY],
)
def a_key_is_described(aws: Aws) -> None:
    arn = aws.has(Need.KEY)

    for name in (arn, arn.rpartition("/")[2]):
        key = aws.home.client("kms").describe_key(KeyId=name)["KeyMetadata"]
        assert (key["Arn"], key["AWSAccountId"]) == (arn, aws.home.account_id)
        assert key["KeyState"] == "Enabled"
        assert key["KeyManager"] == "CUSTOMER"


@fact(
    "A key or an alias that is not there is NotFoundException.",
    source="botocore: errors of DescribeKey",
    since=FIRST,
)
def an_unknown_key_is_not_found(aws: Aws) -> None:
    with refused("NotFoundException"):
        aws.home.client("kms").describe_key(KeyId=f"alias/{aws.home.run.new_name('nothing')}")


@fact(
    "What is encrypted while no key is named is under the key with the alias alias/aws/rds.",
    source="KMS developer guide, AWS managed keys",
    since=FIRST,
    needs=[Need.DEFAULT_KEY],
)
def rds_has_a_key_of_its_own(aws: Aws) -> None:
    snapshot = aws.home.snapshot(aws.has(Need.DEFAULT_KEY))
    key = aws.home.client("kms").describe_key(KeyId="alias/aws/rds")["KeyMetadata"]

    assert key["Arn"] == snapshot["KmsKeyId"]


@fact(
    "A disabled key is KMSKeyNotAccessibleFault for RDS.",
    source="botocore: errors of RestoreDBClusterFromSnapshot; that this is one: KMS developer "
    "guide, Key states",
    since=FIRST,
    needs=[Need.ENCRYPTED],
)
def a_disabled_key_is_not_accessible(aws: Aws) -> None:
    kms = aws.home.client("kms")
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in aws.home.run.tags]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)

    with refused("KMSKeyNotAccessibleFault"):
        aws.home.restore(aws.has(Need.ENCRYPTED), KmsKeyId=key)


@fact(
    "A secret that is not there is ResourceNotFoundException.",
    source="botocore: errors of GetSecretValue",
    since=FIRST,
)
def an_unknown_secret_is_not_found(aws: Aws) -> None:
    with refused("ResourceNotFoundException"):
        aws.home.client("secretsmanager").get_secret_value(
            SecretId=aws.home.run.new_name("nothing")
        )


@fact(
    "GetSecretValue gives the id of the version, by which it can be read when another is current.",
    source="botocore: GetSecretValue.VersionId, PutSecretValue (versions of the last 24 hours are "
    "kept, and the 100 newest)",
    since=date(2026, 11, 28),
)
def an_earlier_version_of_a_secret_can_be_read(aws: Aws) -> None:
    secrets, name = aws.home.client("secretsmanager"), aws.home.run.new_name("secret")
    secrets.create_secret(Name=name, SecretString="first", Tags=aws.home.run.tags)
    first = secrets.get_secret_value(SecretId=name)["VersionId"]
    secrets.put_secret_value(SecretId=name, SecretString="second")

    current = secrets.get_secret_value(SecretId=name)
    earlier = secrets.get_secret_value(SecretId=name, VersionId=first)

    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert (current["SecretString"], earlier["SecretString"]) == ("second", "first")
    assert (current["VersionId"] != first, earlier["VersionId"]) == (True, first)


@fact(
    "A topic that is not there is NotFound, without `Exception`.",
    source="botocore: errors of Publish",
    since=FIRST,
)
def an_unknown_topic_is_not_found(aws: Aws) -> None:
    nothing = aws.home.run.new_name("nothing")
    arn = f"arn:aws:sns:{aws.home.region}:{aws.home.account_id}:{nothing}"

    with refused("NotFound"):
        aws.home.client("sns").publish(TopicArn=arn, Message="for nobody")


@fact(
    "A security group that is not there is InvalidGroup.NotFound.",
    source="EC2 API reference, Error codes",
    since=FIRST,
)
def an_unknown_security_group_is_not_found(aws: Aws) -> None:
    ec2 = aws.home.client("ec2")

    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=["sg-0123456789abcdef0"])


@fact(
    "What is no id of a security group is InvalidGroupId.Malformed.",
    source="EC2 API reference, Error codes",
    since=None,
)
def an_id_that_is_none_is_malformed(aws: Aws) -> None:
    ec2 = aws.home.client("ec2")

    with refused("InvalidGroupId.Malformed"):
        ec2.describe_security_groups(GroupIds=["no-group"])


@fact(
    "HeadBucket answers 404, as a code too, for a bucket that is not there.",
    source="botocore: HeadBucket; an answer to a HEAD has no body",
    since=FIRST,
)
def a_head_has_its_status_as_code(aws: Aws) -> None:
    name = f"{aws.home.run.new_name('nothing')}-{aws.home.account_id}"

    with refused("404"):
        aws.home.client("s3").head_bucket(Bucket=name)
