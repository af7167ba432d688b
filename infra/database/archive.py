"""The archive of one cluster: its log and its base backups, sealed, in an object store."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from infra.database.log_segments import Branch, branches, is_history, is_segment, log_file
from infra.database.sealing import Key
from infra.errors import BadInput, Rejected
from infra.objects import StoredObject
from infra.objects.s3 import S3Objects

_VARIABLES = {
    "endpoint": "PIPELINE_ARCHIVE_ENDPOINT",
    "bucket": "PIPELINE_ARCHIVE_BUCKET",
    "cluster": "PIPELINE_ARCHIVE_CLUSTER",
    "access_key": "PIPELINE_ARCHIVE_KEY",
    "secret": "PIPELINE_ARCHIVE_SECRET",
    "backup_key": "PIPELINE_BACKUP_KEY",
}


@dataclass(frozen=True)
class Archive:
    """`cluster` is the system identifier: no cluster can reach the archive of another one.

    Below `<cluster>/`: `wal/<timeline>/<name>`, `base/<backup>/...`, `points/`, `proofs/`.
    """

    endpoint: str
    bucket: str
    cluster: str
    access_key: str
    secret: str = field(repr=False)
    backup_key: str = field(repr=False)
    region: str = "us-east-1"

    @cached_property
    def objects(self) -> S3Objects:
        """The bucket."""
        return S3Objects(self.endpoint, self.access_key, self.secret, self.bucket, self.region)

    @cached_property
    def key(self) -> Key:
        """What seals and signs. Raises BadInput when it is too short to be one."""
        return Key(self.backup_key)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the archiving command; keys never go on a command line."""
        return {variable: str(getattr(self, name)) for name, variable in _VARIABLES.items()}

    def archive_command(self) -> str:
        """For `archive_command`: Postgres puts the path of the segment for %p."""
        words = [sys.executable, "-P", "-m", "infra.database.push_wal"]
        return f"{shlex.join(words).replace('%', '%%')} %p"

    def place(self, *parts: str) -> str:
        """The key of something of this cluster's."""
        return "/".join((self.cluster, *parts))

    def segment_key(self, name: str) -> str:
        """The key of one archived file of the log, such as `000000010000000000000006`."""
        return self.place("wal", log_file(name)[:8], name)

    def push(self, name: str, content: bytes) -> None:
        """Store one file of the log. The same again is fine; raises Rejected for another content under its name."""
        key = self.segment_key(name)
        there = self.objects.get(key)
        if there is None:
            self.objects.put(key, self.key.seal(key, content))
        elif self.key.open(key, there) != content:
            raise Rejected(
                f"{key} is archived already with another content: two clusters write the same log",
                "find the other cluster and stop it; see `pipeline status`",
            )

    def fetch(self, name: str) -> bytes:
        """One file of the log. Raises Rejected when it is not there or is damaged."""
        key = self.segment_key(name)
        sealed = self.objects.get(key)
        if sealed is None:
            raise Rejected(f"the archived log has a hole: {name} is not at {key}", "restore to a moment before it")
        return self.key.open(key, sealed)

    def log(self) -> dict[str, StoredObject]:
        """Every archived file of the log by its name."""
        return {stored.key.rsplit("/", 1)[1]: stored for stored in self.objects.list(self.place("wal", ""))}

    def way_to(self, timeline: int) -> list[Branch]:
        """The timelines that lead to one, oldest first."""
        history = self.fetch(f"{timeline:08X}.history").decode() if timeline > 1 else ""
        return branches(timeline, history)


def newest_timeline(names: Mapping[str, StoredObject]) -> int:
    """The newest timeline of an archived log; 1 for an empty one."""
    return max((int(name[:8], 16) for name in names if is_segment(name) or is_history(name)), default=1)


def archive_from_variables() -> Archive:
    """The archive that this process was started for. Raises BadInput naming the variable that is not set."""
    values = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    for name, value in values.items():
        if not value:
            raise BadInput(_VARIABLES[name], "is not set", "let `pipeline up` start Postgres, which sets it")
    return Archive(**values)
