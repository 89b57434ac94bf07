"""How large is what goes into Lambda."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.bundling import DEPENDENCIES, PSYCOPG2
from local.bench.figures import Figure
from local.rehearsal.scene import ASSEMBLY

MOST_BYTES = {"asset": 700_000, "dependencies": 12_000_000, "psycopg2": 8_000_000}
"""Zipped, as they are uploaded. Three quarters of the asset are bytecode."""


def measure_sizes() -> Iterator[Figure]:
    """The asset that all functions share, and the layers."""
    (code,) = {folder.parent for folder in ASSEMBLY.glob("asset.*/lambdas")}
    for what, folder, most in (
        ("functions' asset", code, MOST_BYTES["asset"]),
        ("dependencies layer", DEPENDENCIES.path, MOST_BYTES["dependencies"]),
        ("psycopg2 layer", PSYCOPG2.path, MOST_BYTES["psycopg2"]),
    ):
        unpacked = sum(file.stat().st_size for file in _files(folder))
        zipped = zipped_size(folder)
        yield Figure(
            what,
            f"under {_size(most)} zipped",
            f"{_size(zipped)} zipped, {_size(unpacked)} unpacked",
            zipped < most,
        )


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
