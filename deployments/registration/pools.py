"""The work pool of an environment: of type process, not paused, made once with Prefect's own template.

The template is a person's from then on: it may hold what their host needs, also secrets, and is neither shown nor
replaced.
"""

from __future__ import annotations

from prefect.workers.process import ProcessWorker

from deployments.registration.changes import Step, step_towards
from deployments.registration.registry import Registry
from infra.environment import Environment
from infra.errors import BadInput

TYPE = "process"


def pool_steps(registry: Registry, environment: Environment) -> list[Step]:
    """Raises BadInput when a pool of that name is of another type, which nobody can change."""
    name = environment.name
    declared = {"description": f"Runs the flows of {name}, each in a process on the worker's host", "is_paused": False}
    after = {"type": TYPE, **declared}
    row = registry.find(f"/work_pools/{name}")
    if row and row["type"] != TYPE:
        raise BadInput(
            "work pool",
            f"{name!r} at {environment.prefect_url} is of type {row['type']}, not {TYPE}",
            f"remove it if nobody needs it (prefect work-pool delete {name}), or give the environment another name",
        )

    def do() -> None:
        if row:
            registry.send("PATCH", f"/work_pools/{name}", declared)
        else:
            template = ProcessWorker.get_default_base_job_template()
            registry.post("/work_pools/", {"name": name, **after, "base_job_template": template})

    return step_towards("work pool", name, {key: row[key] for key in after} if row else None, after, do)
