"""The sums of the overhead bench, on a run whose times are known; and its shell script, run for real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from apps import commit, manifest, server
from hypothesis import given
from hypothesis import strategies as st

from deployments.bench.overhead_shell import script
from deployments.bench.overhead_times import Span, Times, breakdown, covered
from infra.ports import free_port

RUN = Times(
    called=100.0,
    ended=130.0,
    outcome="Promoted",
    states={"SCHEDULED": 100.5, "PENDING": 102.0, "RUNNING": 107.0},
    stages=(
        Span("take the environment", 108.0, 108.5),
        Span("unit tests", 109.0, 113.0),
        Span("scan for sast", 109.0, 115.0),
        Span("canary 5 %", 116.0, 126.0),
        Span("report", 127.0, 129.0),
    ),
    scan_commands=(),
)


def test_parallel_stages_count_by_the_longest_and_the_parts_add_up_to_the_overhead() -> None:
    found = breakdown(RUN)
    assert (found["wall_seconds"], found["critical_path_seconds"], found["overhead_seconds"]) == (30.0, 18.5, 11.5)
    assert sum(found["parts"].values()) == pytest.approx(found["overhead_seconds"])
    assert found["event_to_first_stage_seconds"] == 8.0
    assert (found["lock_seconds"], found["comparable_seconds"]) == (0.5, 6.0)


SPAN = st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda pair: Span("s", pair[0], pair[0] + pair[1]))


@given(st.lists(SPAN, max_size=12))
def test_covered_is_the_number_of_seconds_in_which_something_ran(spans: list[Span]) -> None:
    ticks = {tick for span in spans for tick in range(int(span.began), int(span.ended))}
    assert covered(spans) == len(ticks)


def test_the_script_does_what_it_says_and_fails_when_a_check_does(tmp_path: Path) -> None:
    def run(checks: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / str(abs(hash(checks)))
        more = f'[checks]\nunit = "echo unit >> {folder}/ran; {checks}"\n'
        smoke = f'[smoke]\ncommand = "curl --silent --fail $BASE_URL >> {folder}/ran"\n'
        files = {"pipeline.toml": manifest("toy", more + smoke), "server.py": server()}
        commit(folder / "app", "v1", files)
        place = folder / "place"
        place.mkdir()
        variables = {"REPOSITORY": str(folder / "app"), "REF": "v1", "SCRATCH_URL": "x", "PORT": str(free_port())}
        line = script(folder / "app", (f"echo scan >> {folder}/ran; false",))
        words = ["sh", "-c", line]
        environment = {**variables, "PATH": "/usr/bin:/bin:/usr/local/bin"}
        return subprocess.run(
            words, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    good = run("true")
    assert good.returncode == 0, good.stderr
    ran = next(tmp_path.glob("*/ran")).read_text()
    assert sorted(ran.replace("hello", "hello\n").split()) == ["hello", "scan", "unit"]
    assert run("exit 1").returncode != 0
