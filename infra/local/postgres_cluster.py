"""One Postgres cluster on this machine: its data folder, its process, and its way back after any kind of death."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import SIGINT

from infra import processes
from infra.commands import Command, command, run
from infra.database.connection import Access, connected, one
from infra.errors import Rejected, Unreachable
from infra.files import make_folder, write_atomically
from infra.local import Place, Say, ServiceStatus
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_remains import clear, postmaster_of
from infra.local.postgres_settings import ACCESS_RULES
from infra.ports import check_free

_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Cluster:
    """`settings` become its postgresql.conf at each start; `variables` its environment, never its command line."""

    place: Place
    folder: Path
    access: Access
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def daemon(self) -> processes.Daemon | None:
        """Its postmaster while that is alive, also when the record of it was lost."""
        return self.place.daemon or postmaster_of(self.place.name, self.folder, self.place.log)

    @property
    def exists(self) -> bool:
        """Whether there is a whole data folder."""
        return (self.folder / "PG_VERSION").exists()

    def initialise(self, say: Say) -> None:
        """Make an empty cluster beside and rename it, so that the folder is whole or not there."""
        say(f"{self.place.name}: making a new cluster")
        make_folder(self.folder.parent)
        beside = aside(self.folder)
        password = self.folder.with_name(f"{self.folder.name}.password")
        write_atomically(password, self.access.password)
        try:
            run(_initdb(beside, self.access.user, password))
        finally:
            password.unlink()
        beside.rename(self.folder)

    def start(self, say: Say) -> None:
        """Run until it answers. Raises Rejected with its last words, BadInput when its port is taken."""
        launched = False
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            # One that was killed a moment ago may still look alive at first.
            if self.daemon is None:
                if launched:
                    raise self._failure("ended")
                self._launch(say)
                launched = True
            if self._answers():
                return self._keep_record()
            if time.monotonic() > deadline:
                raise self._failure(f"does not answer after {_READY_SECONDS:g} s")
            time.sleep(0.02)

    def stop(self, say: Say) -> None:
        """Fast shutdown: sessions end, a checkpoint is written, the last log is archived. Data stays."""
        if processes.stop(self.daemon, grace_seconds=_STOP_SECONDS, how=SIGINT):
            say(f"{self.place.name}: stopped")
        if self.exists:
            clear(self.folder)
        self.place.record.unlink(missing_ok=True)

    def status(self, port: int) -> ServiceStatus:
        """Healthy means that it answers a question."""
        daemon = self.daemon
        if daemon is None:
            return ServiceStatus(self.place.name, "stopped", None, port, processes.last_words(self.place.log, 1))
        try:
            with connected(self.access) as connection:
                (version,) = one(connection, "SELECT current_setting('server_version')")
        except (Unreachable, Rejected) as error:
            return ServiceStatus(self.place.name, "unhealthy", daemon.pid, port, error.message)
        return ServiceStatus(self.place.name, "healthy", daemon.pid, port, f"Postgres {version}")

    def _launch(self, say: Say) -> None:
        clear(self.folder)
        check_free(self.access.port)
        write_atomically(self.folder / "postgresql.conf", _configuration(self.settings))
        write_atomically(self.folder / "pg_hba.conf", ACCESS_RULES)
        words = postgres_command("postgres", "-D", self.folder)
        what = Command(tuple(words), variables=self.variables)
        daemon = processes.start(self.place.name, what, record=self.place.record, log=self.place.log)
        say(f"{self.place.name}: starting on port {self.access.port} (pid {daemon.pid})")

    def _answers(self) -> bool:
        try:
            with connected(self.access):
                return True
        except Unreachable:
            return False

    def _keep_record(self) -> None:
        running = self.daemon
        if running and self.place.daemon is None:
            write_atomically(self.place.record, json.dumps(asdict(running)))

    def _failure(self, what: str) -> Rejected:
        return Rejected(f"{self.place.name} {what}: {self.last_words()}", f"see {self.place.log}")

    def last_words(self) -> str:
        """The end of its log."""
        return processes.last_words(self.place.log)


def aside(folder: Path) -> Path:
    """A new, empty folder beside a data folder, where its successor is built; what a crash left there goes.

    Each has a name of its own: the orphan of a killed run may still be writing into the last one, whose removal
    then fails, and is done by the next run.
    """
    for left in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}.new-"))


def _initdb(folder: Path, user: str, password_file: Path) -> Command:
    # The built-in locale sorts the same everywhere; one of the system's may change with the system and break indexes.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    secure = ("--auth=scram-sha-256", f"--pwfile={password_file}", "--data-checksums")
    words = postgres_command("initdb", "-D", folder, f"--username={user}", *secure, *locale)
    return command(*words, timeout_seconds=120)


def _configuration(settings: Mapping[str, str]) -> str:
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    return "# Written anew at each start.\n" + "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
