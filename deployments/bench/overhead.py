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
from deployments.prefect_wire import PrefectWire
from deployments.trigger.post_receive import install
from infra.commands import Command, Say, run
from infra.environment import Environment
from infra.errors import PipelineError

APP = "securyflex-demo"
LONGEST_SECONDS = 1200.0


def measure_overhead(say: Say) -> dict[str, Any]:
    """v1 pushed, then v2 pushed and measured, on a platform of its own. Seconds; the keys are in docs/benchmarks.md."""
    folder = Path(tempfile.mkdtemp(prefix="overhead-bench-"))
    try:
        with whole_platform(say) as environment:
            repository = create_repository(folder / "repository").folder
            bare = folder / "app.git"
            run(Command(("git", "init", "-q", "--bare", str(bare))))
            install(bare, f"main={NAME}")
            push(environment, repository, bare, "v1", say)
            times = push(environment, repository, bare, "v2", say)
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


def push(environment: Environment, repository: Path, bare: Path, ref: str, say: Say) -> Times:
    """One release from `git push` to its return, which comes when the release has ended. Raises PipelineError when it
    does not end Promoted: an overhead is measured of what goes well."""
    words = ("git", "-C", str(repository), "push", "--quiet", str(bare), f"{ref}^{{commit}}:refs/heads/main")
    called = time.time()
    done = run(Command(words, timeout_seconds=LONGEST_SECONDS))
    ended = time.time()
    url = environment.prefect_url
    asked = {"flows": {"name": {"any_": ["release"]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
    (newest,) = PrefectWire(url).ask("POST", "/flow_runs/filter", asked)
    api = PrefectApi(url)
    over = api.flow_run(newest["id"])
    say(f"{ref} ended {over.outcome} after {ended - called:.0f} s: {over.message}")
    if over.outcome != "Promoted":
        raise PipelineError(f"{ref} ended {over.outcome}: {over.message}", done.output[-500:])
    return read_times(api, url, over.id, called, ended)
