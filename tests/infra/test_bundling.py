"""What goes into Lambda, and that it is the same everywhere."""

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from infra import bundling
from infra.bundling import Layer, LayerNotBuilt
from shared.names import Step


def test_the_asset_holds_the_code_and_nothing_else(assembly: Path) -> None:
    (asset,) = (folder for folder in assembly.glob("asset.*") if (folder / "lambdas").is_dir())

    files = {path.relative_to(asset) for path in asset.rglob("*") if path.is_file()}

    assert {path.parts[0] for path in files} == {"lambdas", "shared"}
    assert {path.suffix for path in files} == {".py"}
    assert set(bundling.ROOT.glob("shared/*.py")) == {
        bundling.ROOT / path for path in files if path.parts[0] == "shared"
    }


def test_the_asset_of_two_clones_is_the_same(tmp_path: Path) -> None:
    first = bundling.stage_code(tmp_path / "first")
    second = bundling.stage_code(tmp_path / "second")
    for file in second.rglob("*.py"):
        os.utime(file, (0, 0))

    assert _content(first) == _content(second)


@pytest.mark.parametrize("step", Step)
def test_the_asset_holds_the_module_of_every_step(tmp_path: Path, step: Step) -> None:
    staged = bundling.stage_code(tmp_path)

    assert (staged / "lambdas" / f"{step.module}.py").is_file()


@pytest.mark.parametrize(
    "layer", [bundling.DEPENDENCIES, bundling.PSYCOPG2], ids=lambda it: it.name
)
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


def _content(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
