"""What the pipeline costs beside the work itself: a release's wall time against the longest path through its stages,
and against a plain shell script that runs the same commands."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from deployments.bench.overhead_shell import shell_seconds
from deployments.bench.overhead_times import Times, breakdown, read_times
from deployments.bench.whole_platform import NAME, whole_platform
from deployments.demo.repository import create_repository
from deployments.prefect_api import PrefectApi
from infra.commands import Say
from infra.environment import Environment
from infra.errors import PipelineError

APP = "securyflex-demo"
LONGEST_SECONDS = 1200.0


def measure_overhead(say: Say) -> dict[str, Any]:
    """v1, then v2 measured, on a platform of its own. Seconds throughout; the keys are in docs/benchmarks.md."""
    folder = Path(tempfile.mkdtemp(prefix="overhead-bench-"))
    try:
        with whole_platform(say) as environment:
            repository = create_repository(folder / "repository").folder
            release(environment, repository, "v1", say)
            times = release(environment, repository, "v2", say)
            shell = shell_seconds(environment, repository, "v2", folder, times.scan_commands, say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = breakdown(times)
    return {
        **found,
        "shell_seconds": round(shell, 2),
        "shell_ratio": round(found["comparable_seconds"] / shell, 3),
        "outcome": times.outcome,
    }


def release(environment: Environment, repository: Path, ref: str, say: Say) -> Times:
    """One release from the call to its end. Raises PipelineError when it does not end Promoted."""
    api = PrefectApi(environment.prefect_url)
    called = time.time()
    run = api.start("release", NAME, {"repository": str(repository), "ref": ref, "environment": NAME})
    deadline = time.monotonic() + LONGEST_SECONDS
    while not (now := api.flow_run(run.id)).is_over:
        if time.monotonic() > deadline:
            raise PipelineError(f"the release of {ref} is {now.outcome} after {LONGEST_SECONDS:g} s", api.page(run.id))
        time.sleep(0.2)
    ended = time.time()
    say(f"{ref} ended {now.outcome} after {ended - called:.0f} s: {now.message}")
    if now.outcome != "Promoted":
        raise PipelineError(f"{ref} ended {now.outcome}: {now.message}", "an overhead is measured of what goes well")
    return read_times(api, environment.prefect_url, run.id, called, ended)
