"""The flows of `prefect.yaml`, declared for another environment and registered with its Prefect server."""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from infra.commands import Command, Say, run
from infra.environment import PROJECT_FOLDER, Environment
from infra.errors import BadInput

LOCAL = "local"


def declared_for(name: str) -> dict[str, Any]:
    """All deployments as `prefect.yaml` has them, each called `name`, in a work pool of that name."""
    table: dict[str, Any] = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text())
    table["deployments"] = [_moved(one, name) for one in table["deployments"]]
    del table["definitions"]
    return table


def register(environment: Environment, say: Say) -> int:
    """Register every flow for an environment that is not local; how many there are. May be repeated.

    Raises CommandFailed with Prefect's words.
    """
    if environment.kind == LOCAL:
        raise BadInput("environment", f"{environment.name!r} is registered by `pipeline up`", "run that")
    table = declared_for(environment.name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(yaml.safe_dump(table, sort_keys=False))
        _prefect(environment, say, "work-pool", "create", environment.name, "--type", "process", "--overwrite")
        _prefect(environment, say, "--no-prompt", "deploy", "--all", "--prefect-file", str(file))
    return len(table["deployments"])


def worker_line(environment: Environment) -> str:
    """What to run, and keep running, where the environment's secrets are."""
    where = f"PREFECT_API_URL={environment.prefect_url} PIPELINE_PROJECT={PROJECT_FOLDER}"
    return f"{where} {_binary()} worker start --pool {environment.name} --type process"


def _moved(deployment: dict[str, Any], name: str) -> dict[str, Any]:
    moved = copy.deepcopy(deployment)
    moved["name"] = name
    moved["parameters"] = {**moved.get("parameters", {}), "environment": name}
    moved["tags"] = [name if tag == LOCAL else tag for tag in moved.get("tags", [])]
    moved["work_pool"] = {**moved["work_pool"], "name": name}
    return moved


def _prefect(environment: Environment, say: Say, *words: str) -> None:
    # Prefect keeps its profile and its logs below PREFECT_HOME, which a person may have moved.
    kept = {name: value for name, value in os.environ.items() if name.startswith("PREFECT_")}
    variables = {**kept, "PREFECT_API_URL": environment.prefect_url, "PIPELINE_PROJECT": str(PROJECT_FOLDER)}
    what = Command((_binary(), *words), folder=PROJECT_FOLDER, variables=variables, timeout_seconds=300)
    say(f"+ {what}")
    run(what)


def _binary() -> str:
    return str(Path(sys.executable).parent / "prefect")
