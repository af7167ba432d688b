"""What takes an environment's runs."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.environment import PROJECT_FOLDER, Environment


def worker_line(environment: Environment) -> str:
    """What to run, and keep running, where the environment's secrets are."""
    where = f"PREFECT_API_URL={environment.prefect_url} PIPELINE_PROJECT={PROJECT_FOLDER}"
    binary = Path(sys.executable).parent / "prefect"
    return f"{where} {binary} worker start --pool {environment.name} --type process"
