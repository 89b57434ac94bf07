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
        unpacked = sum(file.stat().st_size for file in _files(folder))
        yield stated(what, f"{_size(zipped_size(folder))} zipped, {_size(unpacked)} unpacked")


def zipped_size(folder: Path) -> int:
    """The bytes of a folder's files in a compressed archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            archive.write(file, file.relative_to(folder))
    return len(buffer.getvalue())


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _size(count: int) -> str:
    return f"{count / 1_000_000:.2f} MB" if count >= 1_000_000 else f"{count / 1_000:.0f} kB"
