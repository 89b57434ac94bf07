"""What a function finds on its disk, laid out for interpreters of this machine."""

import compileall
import json
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import NamedTuple

import pydantic_core

from infra.bundling import DEPENDENCIES, PSYCOPG2
from infra.bytecode import PYTHON_VERSION

NATIVE_PACKAGES = ("pydantic_core", "psycopg2", "psycopg2_binary.libs")
"""Built for the processor of the Lambda functions; here, those of this machine take their place."""

_HERE = Path(pydantic_core.__file__).parent.parent
_RUNNING = ".".join(map(str, sys.version_info[:2]))
_ENVIRONMENT = {"AWS_REGION": "us-west-2", "AWS_LAMBDA_FUNCTION_NAME": "imported"}
"""What the functions read when they are imported, as Lambda has it."""


class Deployed(NamedTuple):
    """The folders that Lambda has on the path of its Python."""

    code: Path
    layers: Path
    runtime: Path
    """What Lambda itself brings, after all else on the path. Empty: nothing of it is used."""

    @property
    def bytecode(self) -> str:
        """Which bytecode interpreters find here, in words."""
        return f"Python {_RUNNING}, " + (
            "the bytecode that is deployed"
            if _RUNNING == PYTHON_VERSION
            else "bytecode like that deployed"
        )

    def run(self, script: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a script in a fresh interpreter that has these packages and no others."""
        path = json.dumps([str(folder) for folder in self])
        return subprocess.run(
            [
                *(sys.executable, "-B", "-I", "-S", *options),
                *("-c", f"import sys; sys.path[:0] = {path}\n{script}"),
            ],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )


def lay_out(asset: Path, folder: Path) -> Deployed:
    """Copy asset and layers into `folder`, where sources have bytecode as in Lambda.

    When the running Python is not the runtime's, it compiles for itself, in the same kind.
    """
    deployed = Deployed(folder / "task", folder / "opt", folder / "runtime")
    shutil.copytree(asset, deployed.code)
    for layer in (DEPENDENCIES, PSYCOPG2):
        shutil.copytree(layer.path / "python", deployed.layers, dirs_exist_ok=True)
    if _RUNNING != PYTHON_VERSION:
        _compile(deployed.code, deployed.layers)
    deployed.runtime.mkdir()
    for name in NATIVE_PACKAGES:
        shutil.rmtree(deployed.layers / name)
        (deployed.layers / name).symlink_to(_HERE / name)
    return deployed


def _compile(*folders: Path) -> None:
    for folder in folders:
        compileall.compile_dir(
            folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )
