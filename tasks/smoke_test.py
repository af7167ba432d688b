"""Proof that a deployment works, asked at its own address: the app's command, its paths, or at least its health."""

from __future__ import annotations

from collections.abc import Mapping

from infra.commands import run, shell
from infra.errors import CommandFailed, Unknown
from tasks.health import check_path
from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("smoke tests", run_name="smoke tests at {url}", journey=Journey(follows=True, skipped="skipped"))
def smoke_test(release: Release, url: str, *, is_preview: bool = False) -> str:
    """One line on what was asked. Raises GateClosed at the first wrong answer.

    A preview's own command is not run at a protected address: the headers that let one in there open production's
    deployments too, and nobody has merged that command yet.
    """
    say = speaker()
    manifest = release.source.manifest
    smoke, headers = manifest.smoke, release.platform.address_headers
    paths = smoke.paths or (manifest.health.path,)
    for path in paths:
        check_path(url + path, headers)
    say(f"{len(paths)} paths answered 200 at {url}")
    if not smoke.command:
        return f"{len(paths)} paths"
    if is_preview and headers:
        say(f"{smoke.command!r} is not run: the address is protected, and a pull request is not given the way in")
        return f"{len(paths)} paths, without {smoke.command!r}"
    where = {"folder": release.source.folder, "variables": {"BASE_URL": url, "BASE_HEADERS": _lines(headers)}}
    what = shell(smoke.command, timeout_seconds=smoke.timeout_seconds, **where)
    try:
        outcome = run(what, say=say)
    except (CommandFailed, Unknown) as error:
        raise GateClosed(f"smoke tests of {release.label} at {url}: {error.message}") from error
    return f"{len(paths)} paths and {smoke.command!r} in {outcome.seconds:.1f} s"


def _lines(headers: Mapping[str, str]) -> str:
    """As `curl -H @-` takes them: a protected deployment asks every visitor for them."""
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
