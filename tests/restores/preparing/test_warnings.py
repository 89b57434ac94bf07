"""What production leaves open reaches whoever is to let people in."""

from contextlib import closing

from local.rehearsal.production import REGION, endpoint_of
from tests.restores.conftest import Setting, on_a_stage
from tests.restores.stage import Stage

pytestmark = on_a_stage(Setting.CHANGED)

EVERYBODY_WRITES = (
    "CREATE FUNCTION public.run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
    "AS $$ BEGIN EXECUTE command; END $$"
)


def test_a_function_that_writes_for_everybody_is_in_state_audit_letter_and_report(
    stage: Stage,
) -> None:
    production = stage.scene.production
    endpoint = endpoint_of(stage.cloud, "aurora-prod", REGION)
    with (
        closing(endpoint.connect("shop_app", production.passwords["shop_app"])) as opened,
        opened,
        opened.cursor() as cursor,
    ):
        cursor.execute(EVERYBODY_WRITES)
    stage.cloud.aurora.take_automated_snapshot(REGION, "aurora-prod")

    outcome = stage.restore()

    (warning,) = outcome.state["restore_details"]["warnings"]
    assert "public.run(text)" in warning
    assert "shop_app" in warning
    (event,) = [one for one in outcome.events if one["event_type"] == "USERS_CONFIGURED"]
    assert event["details"]["warnings"] == [warning]
    assert [one for one in outcome.messages if warning in str(one)]
    assert outcome.reports[-1]["warnings"] == [warning]
