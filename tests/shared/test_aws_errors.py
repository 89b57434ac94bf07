"""AWS's errors under our names."""

import json
import re

import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from shared import errors
from shared.aws_errors import ERROR_BY_CODE, named_errors
from shared.errors import RestoreError

CALLS = {
    "dynamodb": ["GetItem", "TransactWriteItems"],
    "ec2": ["DescribeSecurityGroups"],
    "kms": ["DescribeKey"],
    "rds": [
        "CopyDBClusterSnapshot",
        "CreateDBInstance",
        "DeleteDBCluster",
        "DeleteDBClusterSnapshot",
        "DeleteDBInstance",
        "DescribeDBClusterParameterGroups",
        "DescribeDBClusterSnapshots",
        "DescribeDBClusters",
        "DescribeDBInstances",
        "DescribeDBParameterGroups",
        "DescribeDBSubnetGroups",
        "DescribeExportTasks",
        "ModifyDBCluster",
        "RestoreDBClusterFromSnapshot",
        "StartExportTask",
    ],
    "s3": ["HeadBucket"],
    "secretsmanager": ["GetSecretValue"],
    "sns": ["Publish"],
    "stepfunctions": ["DescribeExecution"],
}


def modelled_codes() -> set[str]:
    session = botocore.session.get_session()
    return {
        shape.metadata.get("error", {}).get("code", shape.name)
        for service, operations in CALLS.items()
        for operation in operations
        for shape in session.get_service_model(service).operation_model(operation).error_shapes
    }


def name_of(code: str, message: str = "", status: int = 400) -> type[RestoreError]:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    with pytest.raises(RestoreError) as raised, named_errors("Copying a snapshot"):
        raise ClientError(answer, "CopyDBClusterSnapshot")  # type: ignore[arg-type]
    return type(raised.value)


def test_every_error_that_aws_documents_for_our_calls_has_a_name() -> None:
    assert modelled_codes() - set(ERROR_BY_CODE) == set()


def test_every_name_in_the_table_is_a_leaf_of_the_tree() -> None:
    assert all(not name.__subclasses__() for name in ERROR_BY_CODE.values())


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded"])
def test_throttling_is_tried_again(code: str) -> None:
    assert name_of(code) is errors.Throttled


def retried_by_botocore() -> set[str]:
    """The codes after which botocore tries a call of ours again, from its code and its data."""
    loader = botocore.session.get_session().get_component("data_loader")
    retry = loader.load_data("_retry")
    services = {name: rules for name, rules in retry["retry"].items() if name in CALLS}
    in_data = set(
        re.findall(r'"service_error_code": "(\w+)"', json.dumps([retry["definitions"], services]))
    )
    return (
        in_data
        | set(vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"])
        | set(vars(TransientRetryableChecker)["_TRANSIENT_ERROR_CODES"])
    )


def test_what_botocore_tries_again_is_tried_again() -> None:
    names = {code: name_of(code) for code in retried_by_botocore()}

    assert {code for code, name in names.items() if not issubclass(name, errors.Retryable)} == set()


def test_the_two_quotas_behind_one_code_are_told_apart() -> None:
    passing = name_of("SnapshotQuotaExceeded", "Cannot copy more than 5 snapshots across regions")
    lasting = name_of("SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots")

    assert passing is errors.CopyQuotaReached
    assert lasting is errors.QuotaExceeded


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("SharedSnapshotQuotaExceeded", errors.QuotaExceeded),
        ("RegionDisabledException", errors.ConfigurationError),
        ("OptInRequired", errors.ConfigurationError),
        ("AuthFailure", errors.AccessDenied),
        ("SignatureDoesNotMatch", errors.AccessDenied),
        # Signed before the function was frozen, sent after: the next attempt signs anew.
        ("RequestExpired", errors.AwsUnreachable),
    ],
)
def test_what_no_model_lists_and_any_call_may_answer_has_a_name(
    code: str, name: type[RestoreError]
) -> None:
    assert name_of(code) is name


def test_a_server_error_is_tried_again_whatever_it_is_called() -> None:
    assert name_of("SomethingBroke", status=503) is errors.AwsUnreachable


def test_an_unknown_code_is_terminal_and_says_what_aws_said() -> None:
    answer = {"Error": {"Code": "Odd", "Message": "why?"}, "ResponseMetadata": {}}

    with pytest.raises(errors.UnexpectedAwsError) as raised, named_errors("Copying it"):
        raise ClientError(answer, "CopyDBClusterSnapshot")  # type: ignore[arg-type]

    assert str(raised.value) == "Copying it: AWS answered Odd: why?"


@pytest.mark.parametrize(
    "failure",
    [
        ConnectTimeoutError(endpoint_url="https://rds"),
        EndpointConnectionError(endpoint_url="https://rds"),
    ],
)
def test_no_answer_at_all_is_tried_again(failure: Exception) -> None:
    with pytest.raises(errors.AwsUnreachable), named_errors("Copying a snapshot"):
        raise failure


def test_an_error_without_a_code_is_no_answer_either() -> None:
    answer = {"ResponseMetadata": {"HTTPStatusCode": 403}}

    with pytest.raises(errors.AwsUnreachable), named_errors("Copying a snapshot"):
        raise ClientError(answer, "CopyDBClusterSnapshot")  # type: ignore[arg-type]
