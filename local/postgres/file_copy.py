"""Copying directory trees fast: an Aurora snapshot, as far as a file system can."""

import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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

    def own(self, file: Path | int) -> None:
        """Take over a file, given by its path or its descriptor."""
        os.chown(file, self.uid, self.gid)


def copy_tree(
    source: Path, target: Path, owner: Owner, skip: Callable[[Path], bool] = lambda _: False
) -> None:
    """Copy `source` to the new directory `target`, without what `skip` names.

    The source may change meanwhile: a file that vanishes is left out, one that shrinks is copied
    as far as it goes.
    """
    target.mkdir(mode=0o700)
    owner.own(target)
    for entry in os.scandir(source):
        path = Path(entry.path)
        if skip(path):
            continue
        if entry.is_dir():
            copy_tree(path, target / entry.name, owner, skip)
        else:
            copy_file(path, target / entry.name, owner)


def copy_file(source: Path, target: Path, owner: Owner) -> None:
    """Copy one file with its mode; a file that is gone already is no error."""
    try:
        original = source.open("rb")
    except FileNotFoundError:
        return
    with original, target.open("xb") as copy:
        status = os.fstat(original.fileno())
        os.fchmod(copy.fileno(), status.st_mode)
        owner.own(copy.fileno())
        if not _copied_by_the_kernel(original.fileno(), copy.fileno(), status.st_size):
            shutil.copyfileobj(original, copy)


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
