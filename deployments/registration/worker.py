"""What takes an environment's runs."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from infra.environment import PROJECT_FOLDER, Environment

# Runs at once on one host: one holds the environment, others wait for it, abort or hold it; each is a process.
AT_ONCE = 10
OURS = ("PIPELINE_ENVIRONMENTS", "PIPELINE_STATE")  # without them its runs would look for the environment elsewhere


def worker_line(environment: Environment) -> str:
    """What to run, and keep running, where the environment's secrets are."""
    variables = {"PREFECT_API_URL": environment.prefect_url, "PIPELINE_PROJECT": str(PROJECT_FOLDER)}
    variables |= {name: str(Path(os.environ[name]).resolve()) for name in OURS if os.environ.get(name)}
    where = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    words = [str(Path(sys.executable).parent / "prefect"), "worker", "start", "--pool", environment.name]
    return f"{where} {shlex.join([*words, '--type', 'process', '--limit', str(AT_ONCE)])}"
