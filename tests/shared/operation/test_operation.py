"""The record of one restore: what stays with it, and what does not."""

import pytest

from shared.operation.audit import EventType
from shared.operation.kind import Kind
from tests.builders import a_request, an_operation


def test_corrected_parameters_are_a_new_request_and_all_else_stays() -> None:
    operation = an_operation(request={"instance_count": 1})
    assert operation.request.instance_count == 1
    parameters = a_request(instance_count=3, plan_only=True).model_dump(
        mode="json", exclude_none=True
    )

    corrected = operation.corrected(parameters, "aurora-test")

    assert (corrected.request.instance_count, corrected.kind) == (3, Kind.PLAN)
    assert corrected.target_cluster == "aurora-test"
    same = {"parameters": operation.parameters, "target_cluster": operation.target_cluster}
    assert corrected.model_copy(update=same) == operation
    assert corrected.events == operation.events


def test_a_refused_request_is_none() -> None:
    operation = an_operation().model_copy(update={"parameters": {"target_cluster_id": "x"}})
    refused = operation.corrected(operation.parameters, "x")

    assert refused.accepted_request is None
    with pytest.raises(ValueError, match=r"the request of operation restore-.* was refused"):
        _ = refused.request


def test_a_change_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="an operation has no hops"):
        an_operation().after(EventType.COPY_STARTED, {}, hops=1)
