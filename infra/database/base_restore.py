"""A base backup back into a folder, with proof by its manifest that every file is as Postgres sent it."""

from __future__ import annotations

import errno
import tarfile
from pathlib import Path

from infra.commands import Say, command, run
from infra.database.archive import Archive
from infra.database.catalog import Backup
from infra.database.log_segments import is_history
from infra.database.pieces import ReadingStream, fetch_pieces
from infra.errors import CommandFailed, Rejected
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_settings import system_identifier


def unpack(archive: Archive, backup: Backup, folder: Path, say: Say) -> None:
    """Bring one backup into an empty folder and check it.

    Raises Rejected for a damaged or missing object, a full disk, files that the manifest does not know as they are,
    and the data of another cluster.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise Rejected(f"{folder} is not empty", "a restore goes into a new folder only")
    stream = ReadingStream(fetch_pieces(archive, backup.pieces))
    try:
        # Reading to the end, beyond the tar's own end, opens every piece.
        with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 20) as tar:
            tar.extractall(folder, filter=_private)
        while stream.read(1 << 20):
            pass
    except OSError as error:
        raise _no_room(error, folder, backup) from error
    except tarfile.TarError as error:
        raise Rejected(f"backup {backup.id} is no tar: {error}", "use another backup") from error
    if stream.read_bytes != backup.raw_bytes:
        raise Rejected(f"backup {backup.id} has {stream.read_bytes} bytes, the catalog says {backup.raw_bytes}")
    check_files(folder, backup, say)


def check_files(folder: Path, backup: Backup, say: Say) -> None:
    """pg_verifybackup, and whose data it is. The log is checked apart, before and during the replay."""
    try:
        run(command(*postgres_command("pg_verifybackup", "--no-parse-wal", folder), timeout_seconds=4 * 3600), say=say)
    except CommandFailed as error:
        raise Rejected(f"backup {backup.id} is not what was copied: {error.tail.strip()}", "use another") from error
    found = system_identifier(folder)
    if found != backup.cluster:
        raise Rejected(
            f"backup {backup.id} holds the data of cluster {found}, its record says {backup.cluster}",
            "its data is another system's: never restore it here",
        )


def fetch_log(archive: Archive, segments: list[str], folder: Path, say: Say) -> None:
    """The segments and every timeline's history, opened and checked, for Postgres to take from `folder`.

    All histories, so that the restored cluster begins a timeline that nobody had before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [*segments, *sorted(name for name in archive.log() if is_history(name))]
    for name in wanted:
        try:
            (folder / name).write_bytes(archive.fetch(name))
        except OSError as error:
            raise _no_room(error, folder, None) from error
    say(f"{len(segments)} segments of the log are here and whole")


def _private(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Nothing leaves the folder, and only we may read it. Its owner is whoever restores."""
    safe = tarfile.data_filter(member, folder)
    return safe.replace(mode=0o700 if safe.isdir() else 0o600, deep=False)


def _no_room(error: OSError, folder: Path, backup: Backup | None) -> Rejected:
    what = f"backup {backup.id} ({backup.raw_bytes} bytes)" if backup else "the log"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Rejected(f"the disk at {folder} is full: {what} does not fit", "make room or choose another disk")
    return Rejected(f"{what} cannot be written to {folder}: {error.strerror}", "mend the folder or choose another")
