"""The app's own tests, each in a working copy of its own: unit, integration (on a scratch database), coverage."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from infra.commands import run, shell
from infra.coverage import CoverageReport, read_coverage
from infra.errors import CommandFailed, Unknown
from infra.schema.of_app import schema_at
from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("unit tests", journey=Journey(skipped="skipped"))
def run_unit(release: Release) -> str:
    """One line on how it went. Raises GateClosed with the end of the output."""
    return _check(release, "unit", release.source.manifest.checks.unit, {})


@stage("integration tests", journey=Journey(skipped="skipped"))
def run_integration(release: Release) -> str:
    """Gives the tests DATABASE_URL of a scratch database with the version's own expanded schema."""
    line = release.source.manifest.checks.integration
    if not line:
        return _check(release, "integration", line, {})
    database = release.platform.database
    url = database.scratch(release.app)
    try:
        _expand(release, url)
        return _check(release, "integration", line, {"DATABASE_URL": url})
    finally:
        database.drop_scratch(url)


@stage("coverage", journey=Journey(skipped=None))
def run_coverage(release: Release) -> CoverageReport | None:
    """The measured coverage; None when the app measures none."""
    coverage = release.source.manifest.checks.coverage
    if coverage is None:
        speaker()("the app names no coverage command in pipeline.toml")
        return None
    _check(release, "coverage", coverage.command, {})
    report = read_coverage(_copy_of(release, "coverage") / coverage.report)
    speaker()(f"coverage is {report.percent:.1f} % ({report.covered} of {report.total})")
    return report


def _check(release: Release, name: str, line: str, variables: Mapping[str, str]) -> str:
    say = speaker()
    if not line:
        say(f"the app names no {name} command in pipeline.toml")
        return "none named"
    manifest = release.source.manifest
    where = {"folder": _fresh_copy(release, name), "variables": variables}
    try:
        if manifest.commands.install:
            run(shell(manifest.commands.install, timeout_seconds=manifest.commands.timeout_seconds, **where), say=say)
        outcome = run(shell(line, timeout_seconds=manifest.checks.timeout_seconds, **where), say=say)
    except (CommandFailed, Unknown) as error:
        raise GateClosed(f"{name} tests at {release.label}: {error.message}", "mend the tests or the code") from error
    say(f"{name} tests passed in {outcome.seconds:.1f} s")
    return f"passed in {outcome.seconds:.1f} s"


def _expand(release: Release, url: str) -> None:
    files = release.source.manifest.migrations
    if files:
        schema_at(release.source.folder, files, url).upgrade("expand", _quiet)


def _quiet(_line: str) -> None:
    """The scratch database's migrations are not news."""


def _copy_of(release: Release, name: str) -> Path:
    return release.settings.state / "checks" / release.id / name


def _fresh_copy(release: Release, name: str) -> Path:
    copy = _copy_of(release, name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(release.source.folder, copy, symlinks=True)
    return copy
