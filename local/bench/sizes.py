"""How large is what goes into Lambda."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.bundling import DEPENDENCIES, PSYCOPG2
from local.bench.figures import Figure, stated
from local.scene import ASSEMBLY


def measure_sizes() -> Iterator[Figure]:
    """The asset that all functions share, and the layers."""
    (code,) = {folder.parent for folder in ASSEMBLY.glob("asset.*/lambdas")}
    for what, folder in (
        ("functions' asset", code),
        ("dependencies layer", DEPENDENCIES.path),
        ("psycopg2 layer", PSYCOPG2.path),
    ):
        files = [file for file in folder.rglob("*") if file.is_file()]
        unpacked = sum(file.stat().st_size for file in files)
        yield stated(what, f"{_size(_zipped(folder, files))} zipped, {_size(unpacked)} unpacked")


def _zipped(folder: Path, files: list[Path]) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def _size(count: int) -> str:
    return f"{count / 1_000_000:.2f} MB" if count >= 1_000_000 else f"{count / 1_000:.0f} kB"
