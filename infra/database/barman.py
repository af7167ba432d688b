"""Base backups and the archive of the write-ahead log in an object store, by Barman's cloud commands."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.commands import Command, Say, command, run
from infra.database.connection import Access
from infra.errors import Unknown

SERVER = "local"
_NAME_PREFIX = "snapshot-"  # Barman reserves words such as `first` and `latest` as names


@dataclass(frozen=True)
class Backup:
    """One finished copy as Barman lists it. `time` is when it became whole, in seconds since the epoch."""

    id: str
    name: str
    begin_lsn: str
    end_lsn: str
    begin_segment: str
    end_segment: str
    seconds: float
    time: float


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
        """A full copy, once Postgres has archived the log around it.

        Raises CommandFailed with Barman's words; a failed copy stays listed but is no snapshot.
        """
        options = ("--immediate-checkpoint", "--jobs", "2", "--name", f"{_NAME_PREFIX}{name}")
        where = ("--host", access.host, "--port", str(access.port), "--user", access.user, "--dbname", access.database)
        words = self._words("barman-cloud-backup", "-v", *options, *where)
        run(self._command(words, PGPASSWORD=access.password), say=say)

    def restore(self, backup: str, folder: Path, say: Say) -> None:
        """Bring one full copy into an empty folder. Raises CommandFailed."""
        run(self._command([*self._words("barman-cloud-restore"), backup, str(folder)]), say=say)

    def catalog(self) -> list[Backup]:
        """The finished copies, newest first. Raises Unknown for an answer that is no catalog."""
        words = self._words("barman-cloud-backup-list", "--format", "json", "-q")
        output = run(self._command(words)).output
        try:
            entries = json.loads(output)["backups_list"]
            found = [_backup(entry) for entry in entries if entry["status"] == "DONE"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unknown(f"barman-cloud-backup-list gave no catalog ({error}): {output[:500]}") from error
        return sorted(found, key=lambda backup: backup.id, reverse=True)

    def folder_of(self, backup: str) -> str:
        """The key prefix below which one copy lies in its bucket."""
        return f"{self._prefix}/{SERVER}/base/{backup}/"

    def segment_key(self, segment: str) -> str:
        """The key of one archived segment of the log, such as `000000010000000000000006`."""
        return f"{self._prefix}/{SERVER}/wals/{segment[:16]}/{segment}.gz"

    @property
    def _prefix(self) -> str:
        return self.destination.removeprefix("s3://").split("/", 1)[1]

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


def _backup(entry: dict[str, Any]) -> Backup:
    return Backup(
        id=entry["backup_id"],
        name=(entry["backup_name"] or "").removeprefix(_NAME_PREFIX),
        begin_lsn=entry["begin_xlog"],
        end_lsn=entry["end_xlog"],
        begin_segment=entry["begin_wal"],
        end_segment=entry["end_wal"],
        seconds=float(entry["copy_stats"]["total_time"]),
        time=datetime.fromisoformat(entry["end_time_iso"]).timestamp(),
    )
