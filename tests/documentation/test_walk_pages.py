"""The console blocks of the pages on GitHub and on previews, line by line on the local platform."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from apps import commit, git, manifest, server
from pages import console_of
from terminal import at

from infra.environment import Environment
from infra.previews.of_environment import previews_of

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_push_to_a_bare_repository_is_released_and_reads_as_the_page_shows(
    started_platform: Environment, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    sha = commit(work, "v1", {"pipeline.toml": manifest("walked-app"), "server.py": server()})
    with at(work, {"~/app.git": str(tmp_path / "app.git")}) as terminal:
        lines = console_of("docs/github.md")
        for line in lines:
            said = terminal.walk(line)
    assert git(tmp_path / "app.git", "rev-parse", "main") == sha
    read = [line.strip() for line in said.splitlines() if line.startswith("remote: ")]
    for shown in lines[-1].printed:
        if shown != "...":
            assert any(like(shown).fullmatch(one) for one in read), f"nothing reads like {shown!r} in:\n{said}"


def like(shown: str) -> re.Pattern[str]:
    """What a line of the page may be for another commit, app, address and time."""
    parts = re.split(r"5c1e\.\.\.|my-app|127\.0\.0\.1:4200|\.\.\.|\d+(?:[.:]\d+)*", shown)
    return re.compile(r"\S+".join(re.escape(part) for part in parts))


def test_a_preview_is_opened_and_closed_as_the_page_shows(started_platform: Environment, tmp_path: Path) -> None:
    repository = tmp_path / "my-app"
    commit(repository, "v1", {"pipeline.toml": manifest("walked-preview"), "server.py": server()})
    git(repository, "switch", "-q", "-c", "feature")
    opening, closing = console_of("docs/previews.md")
    with at(tmp_path / "terminal", {"../my-app": str(repository)}) as terminal:
        said = terminal.walk(opening)
        (found,) = previews_of(started_platform, "walked-preview").all()
        address = re.search(r"http://127\.0\.0\.1:\d+(?=\s|/?$)", said.partition("Opened")[2])
        assert address, said
        assert httpx.get(address[0]).status_code == 200
        assert found.pull_request == 7
        terminal.walk(closing)
    assert previews_of(started_platform, "walked-preview").all() == []
