"""For tests: a local environment whose releases are shown at GitHub's twin, and what people would see there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployments.twins.github import GithubTwin
from deployments.twins.github_app import APP_ID, INSTALLATION
from deployments.twins.github_state import REPOSITORY

TABLE = '\n[github]\nrepository = "{repository}"\n{opener}\napi = "{api}"\npages = "{pages}"\n'
BY_APP = f'app_id = "{APP_ID}"\ninstallation = {INSTALLATION}\nprivate_key = "env:T_GITHUB_APP_KEY"'
PAGES = "https://prefect.example"


@contextmanager
def shown_at(
    twin: GithubTwin,
    folder: Path,
    patch: pytest.MonkeyPatch,
    token: str = "",
    place: str = "env:T_GITHUB_TOKEN",
    *,
    by_app: bool = False,
) -> Iterator[None]:
    """`[github]` in the environment's file, for as long as the block. `place` is where it finds the token; with
    `by_app` the twin's App opens it."""
    file = folder / "local.toml"
    before = file.read_text()
    patch.setenv("T_GITHUB_TOKEN", token or twin.token)
    patch.setenv("T_GITHUB_APP_KEY", twin.app_key)
    opener = BY_APP if by_app else f'token = "{place}"'
    file.write_text(before + TABLE.format(repository=REPOSITORY, api=twin.url, pages=PAGES, opener=opener))
    try:
        yield
    finally:
        file.write_text(before)


def states(twin: GithubTwin, sha: str) -> list[list[str]]:
    """What was said of each deployment of a commit, oldest first."""
    made = [one for one in twin.state.deployments if one["sha"] == sha]
    return [[said["state"] for said in twin.state.statuses.get(one["id"], [])] for one in made]


def checks(twin: GithubTwin, sha: str) -> dict[str, str]:
    """The conclusion of the newest check of each name; its status while it has none."""
    runs = [run for run in twin.state.check_runs if run["head_sha"] == sha]
    return {run["name"]: run["conclusion"] or run["status"] for run in runs}


def writes(twin: GithubTwin) -> list[Any]:
    """Everything that changed something there."""
    return [entry for entry in twin.log if entry.request.method != "GET"]


def said_to(twin: GithubTwin) -> str:
    """All that came over the wire, but for the header that carries the token."""
    parts = []
    for entry in twin.log:
        headers = {name: value for name, value in entry.request.headers.items() if name != "authorization"}
        parts += [entry.request.path, str(dict(entry.request.query)), str(headers), entry.request.body.decode()]
    return "\n".join(parts)
