"""Bytecode of what goes into Lambda: the runtime's, of the very sources beside it, reproducible."""

import _imp
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import bundling, bytecode
from infra.bytecode import COMPILER, CompilerMissing, WrongCompiler
from shared.steps import Step
from tests.infra.template import Template

MAGIC_OF_PYTHON_3_13 = (3571).to_bytes(2, "little") + b"\r\n"
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
"""PEP 552: the hash of the source follows, and Python does not compare it."""


@pytest.fixture(params=["asset", "dependencies", "psycopg2"])
def deployed_folder(request: pytest.FixtureRequest, assembly: Path) -> Path:
    """Each folder that is uploaded."""
    (code,) = assembly.glob("asset.*/lambdas")
    layers = {layer.name: layer.path for layer in (bundling.DEPENDENCIES, bundling.PSYCOPG2)}
    return {"asset": code.parent, **layers}[request.param]


def bytecode_of(source: Path) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"


def source_hash(source: Path) -> bytes:
    """As `importlib.util.source_hash` gives it in Python 3.13; the magic number is its key."""
    return _imp.source_hash(int.from_bytes(MAGIC_OF_PYTHON_3_13, "little"), source.read_bytes())


def test_every_source_has_bytecode_of_the_runtime_made_from_it(deployed_folder: Path) -> None:
    sources = list(deployed_folder.rglob("*.py"))

    assert sources
    for source in sources:
        header = bytecode_of(source).read_bytes()[:16]
        assert header == MAGIC_OF_PYTHON_3_13 + UNCHECKED_HASH + source_hash(source), source


def test_there_is_no_bytecode_without_its_source(deployed_folder: Path) -> None:
    expected = {bytecode_of(source) for source in deployed_folder.rglob("*.py")}

    assert set(deployed_folder.rglob("*.pyc")) == expected


def test_code_names_the_file_that_the_function_will_run(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("ANSWER = 42\n")

    bytecode.add_bytecode(tmp_path, "/var/task")

    assert b"/var/task/module.py" in bytecode_of(tmp_path / "module.py").read_bytes()


def test_another_folder_day_and_hash_seed_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second, in a folder of a longer name"
    for folder, seed in ((first, "1"), (second, "2")):
        shutil.copytree(bundling.ROOT / "shared", folder, ignore=shutil.ignore_patterns("*.pyc"))
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        for source in folder.rglob("*.py"):
            os.utime(source, (int(seed), int(seed)))
        bytecode.add_bytecode(folder, "/var/task")

    assert bundling.fingerprint(first) == bundling.fingerprint(second)


def test_a_source_that_does_not_compile_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def broken(:\n")

    with pytest.raises(subprocess.CalledProcessError):
        bytecode.add_bytecode(tmp_path, "/var/task")


def test_a_missing_compiler_says_how_to_get_it(tmp_path: Path) -> None:
    missing = COMPILER._replace(version="0.0.0")

    with pytest.raises(CompilerMissing, match="make layers"):
        bytecode.add_bytecode(tmp_path, "/var/task", missing)


def test_a_compiler_of_another_hash_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(WrongCompiler, match=r"bytecode\.json"):
        bytecode.unpack(b"something else", COMPILER, tmp_path / "package")

    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("step", Step)
def test_the_bytecode_is_for_the_runtime_of_the_functions(template: Template, step: Step) -> None:
    assert template.function(step)["Runtime"] == f"python{bytecode.PYTHON_VERSION}"
