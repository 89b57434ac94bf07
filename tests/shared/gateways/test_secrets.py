"""Secrets: read, checked, and never repeated."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from shared.errors import ConfigurationError, KeyNotAccessible, ResourceBusy
from shared.gateways.secrets import Secrets
from shared.users.templates import Template

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def a_client() -> "SecretsManagerClient":
    return boto3.client(
        "secretsmanager",
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def secrets_with(content: Any) -> Secrets:
    client = a_client()
    text = content if isinstance(content, str) else json.dumps(content)
    client.create_secret(Name="it", SecretString=text)
    return Secrets(client)


def a_user(**changes: Any) -> dict[str, Any]:
    user = {
        "username": "app",
        "password": "a-long-password",
        "template": "read_write",
        "databases": ["shop"],
        **changes,
    }
    return {name: value for name, value in user.items() if value is not None}


@pytest.mark.usefixtures("aws")
class TestManaged:
    def test_is_what_rds_wrote_whatever_the_password(self) -> None:
        admin = secrets_with({"username": "postgres", "password": "x"}).managed("it")

        assert admin.password is not None
        assert admin.password.get_secret_value() == "x"

    @pytest.mark.parametrize(
        "secret", ["not-there-yet", "it"], ids=["not there yet", "nothing in it yet"]
    )
    def test_is_waited_for_while_rds_is_making_it(self, secret: str) -> None:
        with pytest.raises(ResourceBusy, match="RDS has not finished the master secret"):
            secrets_with({}).managed(secret)

    def test_is_not_waited_for_when_its_key_cannot_be_used(self) -> None:
        client = a_client()
        stubber = Stubber(client)
        stubber.add_client_error("get_secret_value", "DecryptionFailure")

        with stubber, pytest.raises(KeyNotAccessible, match="Reading secret it"):
            Secrets(client).managed("it")


@pytest.mark.usefixtures("aws")
class TestAdmin:
    def test_has_a_password_of_ours(self) -> None:
        admin = (
            secrets_with({"username": "postgres", "password": "correct-horse"}).admin("it").content
        )

        assert admin.password is not None
        assert admin.password.get_secret_value() == "correct-horse"

    def test_or_one_that_rds_manages(self) -> None:
        admin = secrets_with({"username": "postgres", "managed": True}).admin("it").content

        assert admin.managed
        assert admin.password is None

    @pytest.mark.parametrize(
        "content",
        [
            "hunter2-hunter2",
            {"username": "postgres"},
            {"username": "postgres", "password": "hunter2-hunter2", "managed": True},
            {"username": "postgres", "password": "hunter2"},
            {"username": "postgres", "password": ""},
            {"username": "postgres", "password": "hunter2-hunter2@"},
            {"username": "postgres", "password": "hunter2 hunter2"},
            {"username": "postgres", "password": "hunter2-hunter2" * 4},
            {"user": "postgres", "password": "hunter2-hunter2"},
        ],
    )
    def test_of_the_wrong_shape_is_refused_without_its_content(self, content: Any) -> None:
        with pytest.raises(ConfigurationError, match="Secret it has the wrong shape") as refused:
            secrets_with(content).admin("it")

        assert "hunter2" not in str(refused.value)

    def test_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="Reading secret other"):
            secrets_with("{}").admin("other")


@pytest.mark.usefixtures("aws")
class TestUsers:
    def test_log_in_with_a_password_or_with_iam(self) -> None:
        users = [a_user(), a_user(username="report", password=None, auth="iam")]

        templates = secrets_with({"users": users}).users("it").content

        assert [user.username for user in templates.users] == ["app", "report"]
        assert templates.users[0].template is Template.READ_WRITE
        assert templates.lock_other_logins

    @pytest.mark.parametrize(
        ("user", "problem"),
        [
            (a_user(password=None), "needs either 'password' or 'auth': 'iam'"),
            (a_user(auth="iam"), "needs either 'password' or 'auth': 'iam'"),
            (a_user(template="admin"), "users.0.template"),
            (a_user(databases=[]), "users.0.databases"),
            (a_user(username="rdsadmin"), "is reserved"),
            (a_user(username="pg_monitor"), "is reserved"),
            (a_user(username="public"), "is reserved"),
            (a_user(username="none"), "is reserved"),
            (a_user(password=""), "must not be empty"),
            (a_user(username="ü" * 40), "at most 63 bytes"),
            (a_user(username="a\0b"), "zero byte"),
            (a_user(colour="red"), "users.0.colour"),
            (a_user(roles=["rds_superuser"]), "users.0.roles"),
            (a_user(roles=["pg_write_all_data"]), "users.0.roles"),
        ],
    )
    def test_of_the_wrong_shape_are_refused(self, user: dict[str, Any], problem: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            secrets_with({"users": [user]}).users("it")

        assert problem in str(refused.value)
        assert "a-long-password" not in str(refused.value)

    def test_with_one_name_twice_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="same username"):
            secrets_with({"users": [a_user(), a_user()]}).users("it")
