"""Copying the volume of a running server without disturbing it."""

import os
from contextlib import closing
from pathlib import Path

import psycopg2

from local.postgres.file_copy import Owner, copy_file, copy_tree

# https://www.postgresql.org/docs/16/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA
_CONTENTS_LEFT_OUT = {"pg_wal", "pg_replslot", "pg_dynshmem", "pg_stat_tmp"}


def copy_live(source: Path, target: Path, owner: Owner, administrator: str) -> None:
    """Make `target` the volume as it is when this returns; `administrator` is a DSN.

    This is PostgreSQL's own procedure for backups: the files may be copied while they change,
    since the write-ahead log of that time comes along and is replayed when the copy is opened.
    A temporary replication slot, gone with the connection, keeps that log until it is copied.
    """
    with closing(psycopg2.connect(administrator)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT pg_create_physical_replication_slot('copy', true, true)")
        cursor.execute("SELECT pg_walfile_name(pg_backup_start('copy', fast => true))")
        [(first,)] = cursor.fetchall()
        copy_tree(source, target, owner, skip=_is_left_out)
        cursor.execute("SELECT pg_walfile_name(lsn), labelfile FROM pg_backup_stop(false)")
        [(last, label)] = cursor.fetchall()
        for segment in (source / "pg_wal").iterdir():
            if first <= segment.name <= last:
                copy_file(segment, target / "pg_wal" / segment.name, owner)
    label_file = target / "backup_label"
    label_file.write_text(label)
    owner.own(label_file)


def _is_left_out(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name.startswith("pgsql_tmp")
        or is_lock_file(entry)
        or Path(entry.path).parent.name in _CONTENTS_LEFT_OUT
    )


def is_lock_file(entry: os.DirEntry[str]) -> bool:
    """Whether the file says that a process is serving the volume."""
    return entry.name in {"postmaster.pid", "postmaster.opts"}
