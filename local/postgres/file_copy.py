"""Copying directory trees fast: an Aurora snapshot, as far as a file system can.

A volume is a thousand small files. So names are texts here, and files are descriptors.
"""

import os
import pwd
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class Owner:
    """Who shall own what is copied or made."""

    uid: int
    gid: int

    @classmethod
    def ourselves(cls) -> "Owner":
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def named(cls, account: str) -> "Owner":
        entry = pwd.getpwnam(account)
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, file: Path | str | int) -> None:
        """Take over a file, given by its path or its descriptor."""
        os.chown(file, self.uid, self.gid)


def copy_tree(
    source: Path, target: Path, owner: Owner, skip: Callable[[os.DirEntry[str]], bool] | None = None
) -> None:
    """Copy `source` to the new directory `target`, without what `skip` names.

    The source may change meanwhile: a file that vanishes is left out, one that shrinks is copied
    as far as it goes.
    """
    _copy_tree(str(source), str(target), owner, skip or (lambda _: False))


def copy_file(source: Path | str, target: Path | str, owner: Owner) -> None:
    """Copy one file with its mode; a file that is gone already is no error."""
    try:
        original = os.open(source, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(original)
        copy = os.open(target, _NEW, stat.S_IMODE(status.st_mode))
        try:
            os.fchmod(copy, stat.S_IMODE(status.st_mode))  # whatever our umask is
            owner.own(copy)
            _copy_content(original, copy, status.st_size)
        finally:
            os.close(copy)
    finally:
        os.close(original)


def _copy_tree(
    source: str, target: str, owner: Owner, skip: Callable[[os.DirEntry[str]], bool]
) -> None:
    Path(target).mkdir(mode=0o700)
    owner.own(target)
    with os.scandir(source) as entries:
        for entry in entries:
            if skip(entry):
                continue
            if entry.is_dir():
                _copy_tree(entry.path, f"{target}/{entry.name}", owner, skip)
            else:
                copy_file(entry.path, f"{target}/{entry.name}", owner)


def _copy_content(source: int, target: int, size: int) -> None:
    if not _copied_by_the_kernel(source, target, size):
        while chunk := os.read(source, _CHUNK):
            os.write(target, chunk)


def _copied_by_the_kernel(source: int, target: int, size: int) -> bool:
    """Let the kernel copy, which shares blocks where the file system can; False: it cannot."""
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while size > 0 and (copied := os.copy_file_range(source, target, size)):
            size -= copied
    except OSError:
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
        return False
    return True
