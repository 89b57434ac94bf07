"""The steps and their names."""

from shared.steps import Step


def test_a_step_has_one_name_in_every_layer() -> None:
    step = Step.CHECK_COPY_STATUS

    assert step.module == "check_copy_status"
    assert step.function == "check-copy-status"
    assert step.state == "CheckCopyStatus"
