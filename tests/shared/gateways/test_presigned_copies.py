"""What GovCloud needs to copy an encrypted snapshot out of another region: a signed request.

botocore's model of `CopyDBClusterSnapshot` says that GovCloud alone reads `PreSignedUrl`, and that
it is made of `SourceRegion`.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from shared.gateways.aws import Aws
from shared.operation.parts import Hop
from tests.builders import settings

ANSWER = """<CopyDBClusterSnapshotResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
<CopyDBClusterSnapshotResult><DBClusterSnapshot>
<DBClusterSnapshotIdentifier>aurora-prod-copy</DBClusterSnapshotIdentifier>
<DBClusterSnapshotArn>arn:aws-us-gov:rds:us-gov-west-1:123456789012:cluster-snapshot:aurora-prod-copy
</DBClusterSnapshotArn><DBClusterIdentifier>aurora-prod</DBClusterIdentifier>
<Status>copying</Status><SnapshotType>manual</SnapshotType><Engine>aurora-postgresql</Engine>
<EngineVersion>16.6</EngineVersion><StorageEncrypted>true</StorageEncrypted>
<MasterUsername>admin</MasterUsername><PercentProgress>0</PercentProgress>
</DBClusterSnapshot></CopyDBClusterSnapshotResult></CopyDBClusterSnapshotResponse>"""
NOT_FOUND = """<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error>
<Type>Sender</Type><Code>DBClusterSnapshotNotFoundFault</Code><Message>no</Message></Error>
<RequestId>1</RequestId></ErrorResponse>"""
SOURCE = "arn:aws-us-gov:rds:us-gov-east-1:123456789012:cluster-snapshot:nightly"
KEY = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/one"


class Body:
    def __init__(self, text: str) -> None:
        self._text = text

    def stream(self, **_: object) -> list[bytes]:
        return [self._text.encode()]


def test_an_encrypted_copy_across_regions_carries_a_request_that_the_source_can_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    sent: dict[str, Any] = {}

    def answer(request: AWSRequest, **_: object) -> AWSResponse:
        given = {name: one for name, (one,) in parse_qs(request.body).items()}
        is_copy = given["Action"] == "CopyDBClusterSnapshot"
        if is_copy:
            sent.update(given)
        text = ANSWER if is_copy else NOT_FOUND
        return AWSResponse(str(request.url), 200 if is_copy else 404, HTTPHeaders(), Body(text))

    aws = Aws(settings())
    snapshots = aws.snapshots("us-gov-west-1")
    aws._client("rds", "us-gov-west-1").meta.events.register("before-send.rds", answer)
    hop = Hop(
        source_arn=SOURCE,
        source_region="us-gov-east-1",
        region="us-gov-west-1",
        snapshot_id="aurora-prod-copy",
        kms_key_id=KEY,
    )

    snapshots.ensure_copy(hop, {"aurora-restore:operation-id": "one"})

    url = urlsplit(sent["PreSignedUrl"])
    signed = {name: one for name, (one,) in parse_qs(url.query).items()}
    assert url.netloc == "rds.us-gov-east-1.amazonaws.com"
    assert signed["Action"] == "CopyDBClusterSnapshot"
    assert signed["DestinationRegion"] == "us-gov-west-1"
    assert signed["SourceDBClusterSnapshotIdentifier"] == SOURCE
    assert signed["KmsKeyId"] == KEY
    assert "/us-gov-east-1/rds/" in signed["X-Amz-Credential"]
    # The tags are in it, too: so putting them on is judged in the source region as well.
    assert signed["Tags.Tag.1.Key"] == "aurora-restore:operation-id"
