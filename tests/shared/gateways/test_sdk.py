"""The SDK that the functions run with: which one, and what it knows of answers."""

import ast
from pathlib import Path

import boto3
import botocore
import pytest
from botocore.model import StructureShape

from shared.errors import ConfigurationError
from shared.gateways.aws import OLDEST_SDK, Aws
from tests.builders import settings

SINCE_LATELY = {"GlobalClusterIdentifier", "StorageEncryptionType"}


def members_of_rds() -> set[str]:
    """Every member of every structure in botocore's model of RDS."""
    model = boto3.client("rds", region_name="us-west-2").meta.service_model
    shapes = [model.shape_for(name) for name in model.shape_names]
    structures = [shape for shape in shapes if isinstance(shape, StructureShape)]
    return {member for structure in structures for member in structure.members}


def read_members(source: Path) -> set[str]:
    """What a gateway reads of answers: `answer["Name"]` and `answer.get("Name")`."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(name))):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
                found.add(name)
    return {name for name in found if name[:1].isupper() and not name.endswith("TypeDef")}


@pytest.mark.parametrize("version", ["1.38.46", "1.42.20", "1.44.4", "0.99"])
def test_a_function_with_an_older_sdk_refuses_by_name(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(botocore, "__version__", version)

    with pytest.raises(ConfigurationError, match=f"botocore {version}, which drops parts"):
        Aws(settings())


@pytest.mark.parametrize("version", [OLDEST_SDK, "1.44.10", "1.45.0", "2.0.0", "1.45.0.dev1"])
def test_the_oldest_sdk_and_newer_ones_are_accepted(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(botocore, "__version__", version)

    assert Aws(settings()).settings == settings()


def test_every_member_that_is_read_of_rds_is_known_to_it() -> None:
    read = {
        name for source in Path("shared/gateways/rds").glob("*.py") for name in read_members(source)
    }

    assert len(read) > 20
    assert read - members_of_rds() == set()
    assert members_of_rds() >= SINCE_LATELY
