"""Whose an endpoint is, for a cluster that has just been renamed."""

import pytest

from shared.errors import DatabaseUnreachable, ResourceBusy
from shared.users.master.endpoint import check_leads_to, is_certificate_outdated
from tests.shared.users.restored import HOST, VOLUME, Restored


def test_a_certificate_with_the_name_of_the_endpoint_is_not_outdated(restored: Restored) -> None:
    assert not is_certificate_outdated(restored.server)


def test_a_certificate_with_another_name_is_outdated(restored: Restored) -> None:
    restored.databases.serve(VOLUME, [HOST], 5432, certified_names=["candidate.example.com"])

    assert is_certificate_outdated(restored.server)


def test_a_certificate_of_somebody_else_is_no_outdated_one(
    restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLROOTCERT")

    with pytest.raises(DatabaseUnreachable, match="does not verify"):
        is_certificate_outdated(restored.server)


def test_where_nothing_answers_nothing_is_known_of_the_certificate(restored: Restored) -> None:
    restored.databases.stop(VOLUME)

    with pytest.raises(DatabaseUnreachable):
        is_certificate_outdated(restored.server)


def test_an_endpoint_leads_to_the_instance_that_answers(restored: Restored) -> None:
    restored.databases.serve(VOLUME, [HOST], 5432, writer="staging-new-1")

    check_leads_to(restored.server, ["staging-new-1", "staging-new-2"])
    with pytest.raises(ResourceBusy, match="still leads to instance staging-new-1"):
        check_leads_to(restored.server, ["staging-old-1"])
