"""The README's console blocks, line by line: the demo, and an app of one's own with the page's `pipeline.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import commit
from pages import Line, console_of, toml_of
from terminal import at

from infra.environment import PROJECT_FOLDER, Environment
from infra.platform import connect

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(1800)]
LOCK = '{"name": "my-app", "lockfileVersion": 3, "requires": true, "packages": {"": {"name": "my-app"}}}'
PACKAGE = '{"name": "my-app", "private": true, "scripts": {"build": "node --check server.js"}}'
SERVER = """
require("node:http").createServer((asked, answer) => {
  answer.writeHead(asked.url === "/api/health" || asked.url === "/" ? 200 : 404);
  answer.end("hello from " + process.env.APP_VERSION);
}).listen(process.env.PORT, "127.0.0.1");
"""
# Only where it is and how soon it drains: the rules that decide are those of everybody's first demo.
RULES = re.compile(r"\n\[(canary|watch)\].*?(?=\n\[|\Z)", re.S)


@pytest.fixture
def with_the_usual_rules(started_platform: Environment) -> Iterator[Environment]:
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    before = file.read_text()
    file.write_text(RULES.sub("", before) + "\n[watch]\nseconds = 5\n")
    yield started_platform
    file.write_text(before)


def test_the_demo_is_what_the_readme_shows(with_the_usual_rules: Environment, tmp_path: Path) -> None:
    (demo,) = [line for line in console_of("README.md") if line.command == "make demo"]
    assert [line.command for line in console_of("docs/index.md")] == ["make demo"]
    with at(tmp_path) as terminal:
        said = terminal.walk(Line(f"cd {PROJECT_FOLDER} && {demo.text}"))
    titles = [re.split(r"\s{2,}", line.strip())[0] for line in demo.printed[:-1]]
    for title in titles:
        assert title in said, f"the README shows a line {title!r}"
    # The end of the sentence names the evidence that sufficed first, and so depends on the visitors.
    reason = re.compile(r"v3 at \d+ %: \d+ of \d+ requests failed")
    assert reason.search(demo.printed[-1])
    assert reason.search(said), "the reason has another form than in the README"


def test_an_app_of_ones_own_is_released_as_the_readme_says(started_platform: Environment, tmp_path: Path) -> None:
    files = {"pipeline.toml": toml_of("README.md", 'name = "my-app"'), "server.js": SERVER}
    commit(tmp_path / "my-app", "v1", {**files, "package.json": PACKAGE, "package-lock.json": LOCK})
    lines = [line for line in console_of("README.md") if line.command.startswith("pipeline ")]
    assert [line.command.split()[1] for line in lines] == ["up", "release"]
    with at(tmp_path / "terminal", {"../my-app": str(tmp_path / "my-app")}) as terminal:
        (tmp_path / "terminal" / ".venv").symlink_to(PROJECT_FOLDER / ".venv")
        terminal.walk(lines[0])
        said = terminal.walk(lines[1])
    assert "Promoted" in said
    route = connect(started_platform, "my-app").edge.route()
    assert route.live_target is not None
    assert route.live_target.version == "main"
