"""Base backups and the archive of the write-ahead log in an object store, by Barman's cloud commands."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from infra.commands import Command, Say, command, run
from infra.database import Snapshot
from infra.database.connection import Access
from infra.errors import Unknown

SERVER = "local"


@dataclass(frozen=True)
class Barman:
    """One archive: `destination` such as `s3://bucket/folder`, below which `local/base` and `local/wals` lie."""

    endpoint: str
    destination: str
    key: str
    secret: str = field(repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every Barman command; keys never go on a command line."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def archive_command(self) -> str:
        """For `archive_command`: Postgres puts the path of the segment for %p."""
        words = self._words("barman-cloud-wal-archive", "--gzip")
        return f"{shlex.join(words).replace('%', '%%')} %p"

    def restore_command(self) -> str:
        """For `restore_command`: Postgres puts the segment's name for %f and where it goes for %p."""
        words = self._words("barman-cloud-wal-restore")
        return f"{shlex.join(words).replace('%', '%%')} %f %p"

    def backup(self, name: str, access: Access, say: Say) -> None:
        """A full copy. Raises CommandFailed with Barman's words; a failed copy stays listed but is no snapshot."""
        options = ("--immediate-checkpoint", "--jobs", "2", "--name", name)
        where = ("--host", access.host, "--port", str(access.port), "--user", access.user, "--dbname", access.database)
        words = self._words("barman-cloud-backup", "-v", *options, *where)
        run(self._command(words, PGPASSWORD=access.password), say=say)

    def restore(self, backup: str, folder: Path, say: Say) -> None:
        """Bring one full copy into an empty folder. Raises CommandFailed."""
        run(self._command([*self._words("barman-cloud-restore"), backup, str(folder)]), say=say)

    def catalog(self) -> list[tuple[str, Snapshot]]:
        """The finished copies as (name, snapshot), newest first. Raises Unknown for an answer that is no catalog."""
        words = self._words("barman-cloud-backup-list", "--format", "json", "-q")
        output = run(self._command(words)).output
        try:
            entries = json.loads(output)["backups_list"]
            found = [(e.get("backup_name") or "", _snapshot(e)) for e in entries if e["status"] == "DONE"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unknown(f"barman-cloud-backup-list gave no catalog ({error}): {output[:500]}") from error
        return sorted(found, key=lambda pair: pair[1].id, reverse=True)

    def _words(self, program: str, *options: str) -> list[str]:
        return [
            str(Path(sys.executable).parent / program),
            "--endpoint-url",
            self.endpoint,
            *options,
            self.destination,
            SERVER,
        ]

    def _command(self, words: list[str], **more: str) -> Command:
        return command(*words, variables=self.variables | more, timeout_seconds=3600)


def _snapshot(entry: dict[str, str]) -> Snapshot:
    began = datetime.fromisoformat(entry["begin_time_iso"]).timestamp()
    ended = datetime.fromisoformat(entry["end_time_iso"]).timestamp()
    return Snapshot(
        id=entry["backup_id"],
        bytes=int(entry["size"] or 0),
        seconds=ended - began,
        begin_lsn=entry["begin_xlog"],
        end_lsn=entry["end_xlog"],
        time=ended,
    )
