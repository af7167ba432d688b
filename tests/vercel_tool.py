"""Vercel's own command-line tool for tests: installed once, and led to a twin."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployments.twins.vercel import VercelTwin

VERSION = "60.0.0"
INSTALLED = "PIPELINE_VERCEL_CLI"  # the path of one that is installed already
Run = Callable[..., str]


@contextmanager
def installed_tool(folder: Path) -> Iterator[str]:
    """The path of the program. Skips where it can be had from nowhere."""
    given = os.environ.get(INSTALLED, "")
    if given:
        yield given
        return
    if not shutil.which("npm"):
        pytest.skip("npm is not here: the vendor's own tool cannot be installed")
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"vercel@{VERSION}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"vercel@{VERSION} cannot be installed here: {done.stderr[-300:]}")
    yield str(folder / "node_modules" / ".bin" / "vercel")
    shutil.rmtree(folder)  # 350 MB that nobody looks at afterwards


def tool_at(program: str, twin: VercelTwin, folder: Path) -> Run:
    """Runs it with the words given, in `folder`, against `twin`; what it printed."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VERCEL_ORG_ID": twin.team,
        "VERCEL_PROJECT_ID": twin.project,
        "VERCEL_TELEMETRY_DISABLED": "1",
        "NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
        "CI": "1",
    }
    # The global flags come after the subcommand: before it, `rolling-release` finds none.
    where = ["--api", twin.url, "--token", twin.token, "--global-config", str(folder), "--non-interactive"]

    def run(*words: str) -> str:
        done = subprocess.run(
            [program, *words, *where],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
