"""What goes into Lambda, and that it is the same everywhere."""

import json
import os
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

import botocore
import pytest
from aws_cdk import FileSystem
from cryptography import x509

from infra import bundling
from infra.bundling import Layer, LayerNotBuilt
from local.bench.deployed import lay_out
from local.bench.sizes import MOST_BYTES, zipped_size
from shared.gateways.aws import OLDEST_SDK
from shared.settings import SETTINGS_FILE
from shared.steps import Step

LAYERS = (bundling.DEPENDENCIES, bundling.PSYCOPG2)
FINGERPRINTS = bundling.ROOT / "requirements" / "layers.sha256"

each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda it: it.name)


def asset_of(assembly: Path) -> Path:
    (code,) = assembly.glob("asset.*/lambdas")
    return code.parent


def test_the_asset_holds_code_and_settings_and_nothing_else(assembly: Path) -> None:
    asset = asset_of(assembly)

    files = {path.relative_to(asset) for path in asset.rglob("*") if path.is_file()}

    assert {path.parts[0] for path in files} == {"lambdas", "shared", SETTINGS_FILE}
    assert {path.suffix for path in files if path.name != SETTINGS_FILE} == {".py", ".pyc"}
    assert set(bundling.ROOT.glob("shared/**/*.py")) == {
        bundling.ROOT / path for path in files if path.parts[0] == "shared" and path.suffix == ".py"
    }


def test_the_asset_of_two_clones_is_the_same(tmp_path: Path) -> None:
    first = bundling.stage_code(tmp_path / "first")
    before = os.umask(0o077)
    second = bundling.stage_code(tmp_path / "second")
    os.umask(before)
    for file in second.rglob("*.py"):
        os.utime(file, (0, 0))

    assert bundling.fingerprint(first) == bundling.fingerprint(second)
    assert FileSystem.fingerprint(str(first)) == FileSystem.fingerprint(str(second))


@each_layer
def test_a_layer_is_the_same_on_every_machine(layer: Layer) -> None:
    """What was built where it was last changed; `make layers` here must give the same bytes."""
    built = bundling.fingerprint(bundling.built(layer))

    assert f"{built}  {layer.name}" in FINGERPRINTS.read_text().splitlines()


@pytest.mark.parametrize("folder", MOST_BYTES)
def test_what_goes_into_lambda_stays_small(assembly: Path, folder: str) -> None:
    layers = {layer.name: layer.path for layer in LAYERS}

    assert zipped_size({"asset": asset_of(assembly), **layers}[folder]) < MOST_BYTES[folder]


def test_the_functions_import_from_what_is_packaged_alone(assembly: Path, tmp_path: Path) -> None:
    """Native modules are those of this machine; all else is packaged, also what Lambda brings."""
    deployed = lay_out(asset_of(assembly), tmp_path)
    for name in ("boto3", "botocore", "urllib3"):
        (deployed.runtime / f"{name}.py").write_text("raise ImportError('the one of the runtime')")
    script = f"""
import importlib, json
for step in {[step.module for step in Step]!r}:
    assert callable(importlib.import_module("lambdas." + step).handler)
print(json.dumps({{name: module.__file__ for name, module in sys.modules.items()
                  if getattr(module, "__file__", None)}}))
"""

    ran = deployed.run(script, "-W", "error")

    assert ran.stderr == ""
    files = {name: Path(file) for name, file in json.loads(ran.stdout).items()}
    assert files["shared.runtime.step"].is_relative_to(deployed.code)
    assert files["pydantic"].is_relative_to(deployed.layers)
    assert files["boto3"].is_relative_to(deployed.layers)
    assert files["botocore"].is_relative_to(deployed.layers)
    assert files["aws_lambda_powertools"].is_relative_to(deployed.layers)
    unknown = {file for file in files.values() if "site-packages" in file.parts}
    assert unknown == set()


@pytest.mark.parametrize("step", Step)
def test_the_asset_holds_the_module_of_every_step(tmp_path: Path, step: Step) -> None:
    staged = bundling.stage_code(tmp_path)

    assert (staged / "lambdas" / f"{step.module}.py").is_file()


@each_layer
def test_a_layer_holds_nothing_that_differs_between_builds(layer: Layer) -> None:
    files = {path.name for path in bundling.built(layer).rglob("*")}

    assert files.isdisjoint({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


def test_layers_are_made_for_lambda_and_not_for_this_machine() -> None:
    libraries = [
        path.name
        for layer in (bundling.DEPENDENCIES, bundling.PSYCOPG2)
        for path in layer.path.glob("python/*/*.so")
    ]

    assert any(name.startswith("_pydantic_core") for name in libraries)
    assert any(name.startswith("_psycopg") for name in libraries)
    assert all("cpython-313-aarch64" in name for name in libraries)


def test_a_layer_is_out_of_date_when_its_requirements_change(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("something-else==1.0\n")
    changed = bundling.DEPENDENCIES._replace(requirements=requirements)

    with pytest.raises(LayerNotBuilt, match="make layers"):
        bundling.built(changed)


def test_the_driver_trusts_the_roots_of_amazon_rds_and_no_others() -> None:
    bundle = bundling.built(bundling.PSYCOPG2) / "rds" / "root-certificates.pem"

    roots = x509.load_pem_x509_certificates(bundle.read_bytes())

    assert bundling.RDS_ROOT_CERTIFICATES == "/opt/rds/root-certificates.pem"
    assert ssl.create_default_context(cafile=bundle).cert_store_stats()["x509_ca"] == len(roots)
    for root in roots:
        assert root.subject == root.issuer
        assert "CN=Amazon RDS " in root.subject.rfc4514_string()
        assert root.not_valid_after_utc > datetime(2061, 1, 1, tzinfo=UTC)


def test_the_tests_run_with_the_sdk_that_is_packaged_and_it_is_the_oldest_accepted() -> None:
    pinned, installed = (
        {
            name: line
            for line in (bundling.ROOT / "requirements" / file).read_text().splitlines()
            if (name := line.partition("==")[0]) in {"boto3", "botocore", "urllib3"}
        }
        for file in ("functions.txt", "development.txt")
    )

    assert pinned == installed
    assert pinned["botocore"].startswith(f"botocore=={OLDEST_SDK} ")
    assert botocore.__version__ == OLDEST_SDK


def test_the_sdk_that_is_packaged_knows_every_service_that_is_called() -> None:
    sources = "".join(path.read_text() for path in (bundling.ROOT / "shared").rglob("*.py"))
    called = set(re.findall(r"_client(?:_of)?\((?:account_id, )?\"(\w+)\"", sources))
    packaged = bundling.built(bundling.DEPENDENCIES) / "python" / "botocore" / "data"

    assert called == bundling.SERVICES
    assert {path.name for path in packaged.iterdir() if path.is_dir()} == called


def test_every_client_can_be_made_of_what_is_packaged(assembly: Path, tmp_path: Path) -> None:
    deployed = lay_out(asset_of(assembly), tmp_path)
    script = f"""
import boto3
for service in {sorted(bundling.SERVICES)!r}:
    client = boto3.client(service, region_name="us-west-2", aws_access_key_id="a",
                          aws_secret_access_key="b")
    assert client.meta.endpoint_url.startswith("https://"), service
members = boto3.client("rds", region_name="us-west-2").meta.service_model.shape_for("DBCluster")
assert "StorageEncryptionType" in members.members
assert "GlobalClusterIdentifier" in members.members
"""

    ran = deployed.run(script, "-W", "error")

    assert (ran.stderr, ran.returncode) == ("", 0)
