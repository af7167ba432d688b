"""The object store of the local platform: rclone serving S3 from plain files, with a key of its own.

It knows no object lock and forgets user metadata at a restart: rely on neither.
"""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path

from infra import processes
from infra.commands import Command
from infra.environment import Environment
from infra.errors import BadInput, Rejected, Unreachable
from infra.files import make_folder
from infra.local import Place, Say, ServiceStatus
from infra.local.credentials import local_credentials
from infra.objects.s3 import S3Objects
from infra.ports import LOOPBACK, check_free

BUCKET = "pipeline"
BACKUP_BUCKET = "pipeline-backups"
_READY_SECONDS = 30.0
_PORT_FREE_SECONDS = 3.0


def endpoint(environment: Environment) -> str:
    """The URL that S3 clients talk to."""
    return environment.platform.object_store_url or _own_endpoint(environment)


def _own_endpoint(environment: Environment) -> str:
    return f"http://{LOOPBACK}:{environment.platform.object_store_port}"


def local_objects(environment: Environment, bucket: str = BUCKET) -> S3Objects:
    """One bucket of this environment's object store."""
    credentials = local_credentials(environment.state)
    return _bucket(endpoint(environment), credentials.object_store_key, credentials.object_store_secret, bucket)


@functools.lru_cache(maxsize=16)
def _bucket(url: str, key: str, secret: str, bucket: str) -> S3Objects:
    """One client for each bucket: making one costs 0.1 s of processor time and 20 MB, asking it 2 ms."""
    return S3Objects(url, key, secret, bucket)


class ObjectStore:
    """One process; objects are files below `<state>/objects/<bucket>`."""

    name = "object-store"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._place = Place(environment.state, self.name)
        self._folder = environment.state / "objects"
        self.ports: tuple[int, ...] = (environment.platform.object_store_port,)

    def is_up(self) -> bool:
        """Whether its process runs."""
        return self._place.daemon is not None

    def up(self, say: Say) -> None:
        """Run until it answers a signed question. Raises Rejected with its last words."""
        for bucket in (BUCKET, BACKUP_BUCKET):
            make_folder(self._folder / bucket)
        launched = False
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            # One that was killed a moment ago may still look alive at first.
            if not self.is_up():
                if launched:
                    raise self._failure("ended")
                self._launch(say)
                launched = True
            try:
                return self._check()
            except Unreachable as error:
                if time.monotonic() > deadline:
                    raise self._failure(f"does not answer after {_READY_SECONDS:g} s") from error
                time.sleep(0.05)

    def down(self, say: Say) -> None:
        """Stop it; objects stay."""
        if processes.stop(self._place.daemon, grace_seconds=10):
            say(f"{self.name}: stopped")
        self._place.record.unlink(missing_ok=True)

    def status(self) -> ServiceStatus:
        """Healthy means that it answers a signed question."""
        daemon = self._place.daemon
        if daemon is None:
            words = processes.last_words(self._place.log, 1)
            return ServiceStatus(self.name, "stopped", None, self.ports[0], words)
        try:
            self._check()
        except (Unreachable, Rejected) as error:
            return ServiceStatus(self.name, "unhealthy", daemon.pid, self.ports[0], error.message)
        return ServiceStatus(self.name, "healthy", daemon.pid, self.ports[0], f"rclone serves {self._folder}")

    def _check(self) -> None:
        """At its own port: what stands before it is none of its health."""
        credentials = local_credentials(self._environment.state)
        key, secret = credentials.object_store_key, credentials.object_store_secret
        _bucket(_own_endpoint(self._environment), key, secret, BUCKET).check()

    def _serve(self) -> Command:
        credentials = local_credentials(self._environment.state)
        rclone = str(Path(sys.executable).parent / "rclone")
        words = (rclone, "serve", "s3", str(self._folder), "--addr", f"{LOOPBACK}:{self.ports[0]}")
        # The key goes through the environment, which only the same user can read; an empty config path means none.
        key = f'"{credentials.object_store_key},{credentials.object_store_secret}"'
        return Command(words, variables={"RCLONE_AUTH_KEY": key, "RCLONE_CONFIG": ""})

    def _launch(self, say: Say) -> None:
        _wait_until_free(self.ports[0])
        daemon = processes.start(self.name, self._serve(), record=self._place.record, log=self._place.log)
        say(f"{self.name}: starting on port {self.ports[0]} (pid {daemon.pid})")

    def _failure(self, what: str) -> Rejected:
        return Rejected(f"{self.name} {what}: {processes.last_words(self._place.log)}", f"see {self._place.log}")


def _wait_until_free(port: int) -> None:
    """Raises BadInput naming who holds it. A killed process is dead before the last of its threads lets go of it."""
    deadline = time.monotonic() + _PORT_FREE_SECONDS
    while True:
        try:
            return check_free(port)
        except BadInput:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
