"""What goes into Lambda, and that it is the same everywhere."""

import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pydantic_core
import pytest
from aws_cdk import FileSystem
from cryptography import x509

from infra import bundling
from infra.bundling import Layer, LayerNotBuilt
from local.bench.sizes import MOST_BYTES, zipped_size
from shared.steps import Step

LAYERS = (bundling.DEPENDENCIES, bundling.PSYCOPG2)
FINGERPRINTS = bundling.ROOT / "requirements" / "layers.sha256"
COMPILED = ("pydantic_core", "psycopg2", "psycopg2_binary.libs")
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")

each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda it: it.name)


def a_functions_environment() -> dict[str, str]:
    """What the functions read when they are imported, as Lambda has it."""
    return {"AWS_REGION": "us-west-2", "AWS_LAMBDA_FUNCTION_NAME": "imported"}


def test_the_asset_holds_the_code_and_nothing_else(assembly: Path) -> None:
    (asset,) = (folder for folder in assembly.glob("asset.*") if (folder / "lambdas").is_dir())

    files = {path.relative_to(asset) for path in asset.rglob("*") if path.is_file()}

    assert {path.parts[0] for path in files} == {"lambdas", "shared"}
    assert {path.suffix for path in files} == {".py"}
    assert set(bundling.ROOT.glob("shared/**/*.py")) == {
        bundling.ROOT / path for path in files if path.parts[0] == "shared"
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
    (asset,) = (one for one in assembly.glob("asset.*") if (one / "lambdas").is_dir())

    assert zipped_size({"asset": asset, **layers}[folder]) < MOST_BYTES[folder]


def test_the_functions_import_from_what_is_packaged_alone(assembly: Path, tmp_path: Path) -> None:
    """Compiled modules are those of this machine; boto3 is the runtime's. All else is packaged."""
    (asset,) = (one for one in assembly.glob("asset.*") if (one / "lambdas").is_dir())
    here = Path(pydantic_core.__file__).parent.parent
    for name in (*COMPILED, *OF_THE_RUNTIME):
        found = next(one for one in (here / name, here / f"{name}.py") if one.exists())
        (tmp_path / found.name).symlink_to(found)
    path = [str(tmp_path), str(asset), *(str(layer.path / "python") for layer in LAYERS)]
    script = f"""
import importlib, json, sys
sys.path = {path!r} + [one for one in sys.path if "site-packages" not in one]
for step in {[step.module for step in Step]!r}:
    assert callable(importlib.import_module("lambdas." + step).handler)
print(json.dumps({{name: module.__file__ for name, module in sys.modules.items()
                  if getattr(module, "__file__", None)}}))
"""

    ran = subprocess.run(
        [sys.executable, "-B", "-I", "-S", "-W", "error", "-c", script],
        env=a_functions_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""
    files = {name: Path(file) for name, file in json.loads(ran.stdout).items()}
    assert files["shared.runtime.step"].is_relative_to(asset)
    assert files["pydantic"].is_relative_to(bundling.DEPENDENCIES.path)
    assert files["aws_lambda_powertools"].is_relative_to(bundling.DEPENDENCIES.path)
    strangers = {file for file in files.values() if file.is_relative_to(here)}
    assert strangers == set()


@pytest.mark.parametrize("step", Step)
def test_the_asset_holds_the_module_of_every_step(tmp_path: Path, step: Step) -> None:
    staged = bundling.stage_code(tmp_path)

    assert (staged / "lambdas" / f"{step.module}.py").is_file()


@each_layer
def test_a_layer_holds_nothing_that_differs_between_builds(layer: Layer) -> None:
    files = {path.name for path in bundling.built(layer).rglob("*")}

    assert files.isdisjoint({"__pycache__", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


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
