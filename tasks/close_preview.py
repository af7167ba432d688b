"""Ends a preview: its copies, its variables, its database, and what its runs left on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.code_host.git import Git
from infra.environment import load_environment
from infra.errors import BadInput
from infra.files import make_folder
from infra.manifest import read_manifest
from infra.previews.of_environment import previews_of
from tasks.previews import forget_runs
from tasks.release import speaker
from tasks.stage import stage


@stage("which app's preview", tries=3)
def find_previewed_app(environment: str, repository: str, ref: str) -> str:
    """The environment's app, else the one of the repository at `ref`; at HEAD where the branch is gone already."""
    settings = load_environment(environment)
    if settings.app.name:
        return settings.app.name
    git = Git(make_folder(settings.state / "repositories"))
    try:
        version = git.resolve(repository, ref or "HEAD")
    except BadInput:
        version = git.resolve(repository, "HEAD")
    with tempfile.TemporaryDirectory(dir=settings.state, prefix=".close-") as passing:
        folder = Path(passing, "source")
        git.checkout(repository, version, folder, speaker())
        return read_manifest(folder).name


@stage("close the preview", tries=3)
def close_preview(environment: str, app: str, pull_request: int) -> tuple[str, ...]:
    """What was ended; empty when nothing was there. Reads the platform: it needs to know of no run before it."""
    settings = load_environment(environment)
    ended = previews_of(settings, app).close(pull_request, speaker())
    forget_runs(environment, app, pull_request)
    return ended
