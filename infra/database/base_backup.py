"""A base backup: `pg_basebackup` streams one tar with its manifest, which is sealed and stored piece by piece."""

from __future__ import annotations

import os
import re
import secrets
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup, backup_folder, write_entry
from infra.database.connection import Access
from infra.database.pieces import store_pieces
from infra.database.sealing import PIECE_BYTES
from infra.errors import CommandFailed, Rejected, Unknown
from infra.local.postgres_binaries import postgres_command
from infra.orphans import owner_mark
from infra.redaction import redact

LONGEST_SILENCE_SECONDS = 900.0
# The manifest is the tar's last member, and this is all but the last of it: src/backend/backup/backup_manifest.c.
_RANGE = re.compile(rb'"Timeline": (\d+), "Start-LSN": "([0-9A-F/]+)", "End-LSN": "([0-9A-F/]+)"')
_TAIL_BYTES = 16_384


def back_up(
    archive: Archive, access: Access, name: str, server_version: str, revisions: Mapping[str, list[str]], say: Say
) -> Backup:
    """Make one and list it. `access` is of a role that may replicate. Postgres archives the log around it first.

    Raises CommandFailed with pg_basebackup's words, Unreachable or Rejected when the store does not take it, Unknown
    after a quarter of an hour of silence. What a failed one leaves is no backup and goes with the next retention.
    """
    begun = time.time()
    backup = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(begun))}-{secrets.token_hex(2)}"
    words = _words(access)
    say(f"+ {redact(' '.join(words))}")
    with tempfile.TemporaryFile() as log:
        seen = _Seen()
        with _running(words, access.password, log) as stream:
            pieces = tuple(store_pieces(archive, backup_folder(archive, backup), seen.of(_read(stream))))
    timeline, begin, end = _positions(seen.tail)
    made = Backup(
        id=backup,
        name=name,
        cluster=archive.cluster,
        server_version=server_version,
        timeline=timeline,
        begin_lsn=begin,
        end_lsn=end,
        begun=begun,
        ended=time.time(),
        raw_bytes=seen.bytes,
        pieces=pieces,
        revisions=dict(revisions),
    )
    write_entry(archive, made)
    say(f"backup {made.id}: {made.raw_bytes} bytes as {made.bytes}, in {made.seconds:.1f} s, log from {begin} to {end}")
    return made


class _Seen:
    """How many bytes went through, and the last of them."""

    def __init__(self) -> None:
        self.bytes = 0
        self.tail = b""

    def of(self, contents: Iterator[bytes | None]) -> Iterator[bytes | None]:
        """The contents, unchanged."""
        for content in contents:
            if content:
                self.bytes += len(content)
                self.tail = (self.tail + content[-_TAIL_BYTES:])[-_TAIL_BYTES:]
            yield content


def _words(access: Access) -> list[str]:
    # Without a log of its own (-X none), Postgres ends the copy only when the log around it is archived.
    options = ("--format=tar", "--wal-method=none", "--checkpoint=fast", "--verbose", "--no-password")
    where = (f"--host={access.host}", f"--port={access.port}", f"--username={access.user}")
    return postgres_command("pg_basebackup", "--pgdata=-", *options, *where)


@contextmanager
def _running(words: list[str], password: str, log: IO[bytes]) -> Iterator[IO[bytes]]:
    """What it prints. Ended when we fail; raises CommandFailed when it does."""
    variables = {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": password, "LC_ALL": "C", **owner_mark()}
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=variables)
    assert process.stdout is not None
    try:
        with process.stdout:
            yield process.stdout
        code = process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code != 0:
        raise CommandFailed("pg_basebackup", code, _said(log), "see the primary's log")


def _read(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Pieces of 16 MiB, the last one shorter; None for each second of silence. Raises Unknown for a long one."""
    piece, heard = bytearray(), time.monotonic()
    with selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while time.monotonic() - heard < LONGEST_SILENCE_SECONDS:
            if not waiting.select(1):
                yield None
                continue
            data, heard = os.read(stream.fileno(), min(1 << 20, PIECE_BYTES - len(piece))), time.monotonic()
            piece += data
            if len(piece) == PIECE_BYTES or (not data and piece):
                yield bytes(piece)
                piece.clear()
            if not data:
                return
    raise Unknown(
        f"pg_basebackup was silent for {LONGEST_SILENCE_SECONDS:g} s",
        "it waits until the log is archived: see archive_failing in the database's health",
    )


def _said(log: IO[bytes]) -> str:
    log.seek(0)
    return redact(log.read().decode(errors="replace"))


def _positions(tail: bytes) -> tuple[int, str, str]:
    """The timeline, and from where to where the log is needed."""
    found = _RANGE.findall(tail)
    if not found:
        raise Rejected("pg_basebackup ended well, but its copy does not end with a manifest", "see the primary's log")
    return int(found[-1][0]), found[0][1].decode(), found[-1][2].decode()
