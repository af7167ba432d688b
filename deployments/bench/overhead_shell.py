"""The same commands in a plain shell script: checkout, tests, coverage, scans, build, start, smoke tests."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from infra.commands import Command, Say, run
from infra.environment import Environment
from infra.manifest import read_manifest
from infra.platform import connect
from infra.ports import free_port
from infra.schema.of_app import schema_at

# Checks and scans at the same time, as in the release; the script ends when the first of them fails.
SCRIPT = """set -eu
git clone --quiet "$REPOSITORY" source
git -C source checkout --quiet "$REF"
cp -r source unit; cp -r source integration; cp -r source coverage
(cd unit && {unit}) & a=$!
(cd integration && DATABASE_URL="$SCRATCH_URL" {integration}) & b=$!
(cd coverage && {coverage}) & c=$!
{scans}
for child in $a $b $c {waits}; do wait "$child"; done
cp -r source build
cd build
{build}
DATABASE_URL="$SCRATCH_URL"; export DATABASE_URL PORT
({start}) & app=$!
trap 'kill $app' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT{health}"; do sleep 0.1; done
BASE_URL="http://127.0.0.1:$PORT"; export BASE_URL
{smoke}
"""


def shell_seconds(
    environment: Environment, repository: Path, ref: str, folder: Path, scans: tuple[str, ...], say: Say
) -> float:
    """Seconds of the script. A scratch database with the schema stands ready, which is not counted.

    Raises CommandFailed when the script fails: then it did not do the same.
    """
    place = folder / "shell"
    place.mkdir()
    run(Command(("git", "clone", "--quiet", "--branch", ref, str(repository), str(folder / "manifest"))))
    manifest = read_manifest(folder / "manifest")
    database = connect(environment, manifest.name).database
    url = database.scratch(manifest.name)
    try:
        if manifest.migrations:
            schema_at(folder / "manifest", manifest.migrations, url).upgrade("expand", lambda _line: None)
        variables = {
            "REPOSITORY": str(repository),
            "REF": ref,
            "SCRATCH_URL": url,
            "PORT": str(free_port()),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        what = Command(("sh", "-c", script(folder / "manifest", scans)), place, variables, timeout_seconds=900)
        return run(what, say=say).seconds
    finally:
        database.drop_scratch(url)


def script(source: Path, scans: tuple[str, ...]) -> str:
    """The script for the version in `source`."""
    manifest = read_manifest(source)
    install = f"{manifest.commands.install} && " if manifest.commands.install else ""
    coverage = manifest.checks.coverage
    names = [f"s{number}" for number in range(len(scans))]
    # A scanner ends with a code of its own when it finds something; what it found was judged by the release.
    started = [f"({line} >/dev/null 2>&1 || true) & {name}=$!" for name, line in zip(names, scans, strict=True)]
    return SCRIPT.format(
        unit=f"{install}{manifest.checks.unit or 'true'}",
        integration=f"{install}{manifest.checks.integration or 'true'}",
        coverage=f"{install}{coverage.command}" if coverage else "true",
        scans="\n".join(started),
        waits=" ".join(f"${name}" for name in names),
        build=manifest.commands.build or "true",
        start=manifest.commands.start,
        health=shlex.quote(manifest.health.path),
        smoke=manifest.smoke.command or "true",
    )
