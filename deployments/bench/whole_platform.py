"""A whole local platform of its own, for as long as it is measured: free ports, its own folder, nothing left behind."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.variables import variables_set
from infra.commands import Say
from infra.environment import Environment, load_environment
from infra.local.platform import bring_up, take_down
from infra.ports import free_port

# The name under which prefect.yaml declares its deployments.
NAME = "local"
_PORTS = (
    "edge_admin_port",
    "postgres_port",
    "standby_port",
    "control_postgres_port",
    "object_store_port",
    "prefect_port",
)
_POLICY = """
[traffic]
drain_seconds = 1
[backups]
missing_proof = "make"
[watch]
seconds = 1
"""


@contextmanager
def whole_platform(say: Say) -> Iterator[Environment]:
    """Up while it is used; stopped and removed afterwards. This process finds no other environment meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="whole-bench-"))
    places = {"PIPELINE_ENVIRONMENTS": str(folder / "environments"), "PIPELINE_STATE": str(folder / "state")}
    (folder / "environments").mkdir()
    (folder / "environments" / f"{NAME}.toml").write_text(_file())
    with variables_set(places):
        environment = load_environment(NAME)
        try:
            bring_up(environment, say)
            yield environment
        finally:
            take_down(environment, say)
            shutil.rmtree(folder, ignore_errors=True)


def _file() -> str:
    ports = "\n".join(f"{name} = {free_port()}" for name in _PORTS)
    return f'name = "{NAME}"\nkind = "local"\n[platform]\nedge_ports = {json.dumps([free_port()])}\n{ports}\n{_POLICY}'
