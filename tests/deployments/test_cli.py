"""The command line: what it says, and what the shell learns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.cli import exit_codes

PIPELINE = Path(sys.executable).parent / "pipeline"


def pipeline(*words: str) -> subprocess.CompletedProcess[str]:
    """One call, finished."""
    return subprocess.run([str(PIPELINE), *words], capture_output=True, text=True, timeout=60, check=False)


def test_help_teaches_the_verbs_and_the_exit_codes() -> None:
    done = pipeline("--help")
    assert done.returncode == 0
    for verb in ("up", "down", "status", "release", "rollback", "abort", "backup", "demo", "bench"):
        assert f"\n  {verb} " in done.stdout
    assert "4 rolled back" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("release", "--env", "mars", "--ref", "v1"), "'mars' does not exist"),
        (("release",), "Missing option '--ref'"),
        (("launch",), "No such command 'launch'"),
        (("bench", "everything"), "'everything' does not exist"),
        (("up", "--env", "production"), "is not embedded on this machine"),
        (("demo", "--rate", "9000"), "less than or equal to 400"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_with_code_2(words: tuple[str, ...], said: str) -> None:
    done = pipeline(*words)
    assert done.returncode == exit_codes.REFUSED
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_json_where_a_machine_reads() -> None:
    done = pipeline("status", "--env", "mars", "--json")
    assert done.returncode == exit_codes.REFUSED
    assert json.loads(done.stdout)["error"] == "BadInput"


@pytest.mark.parametrize(
    ("state_type", "outcome", "code"),
    [
        ("COMPLETED", "Promoted", 0),
        ("COMPLETED", "RolledBack", 0),
        ("FAILED", "Failed", 1),
        ("CRASHED", "Crashed", 1),
        ("FAILED", "Refused", 2),
        ("FAILED", "GateClosed", 3),
        ("FAILED", "RolledBack", 4),
        ("FAILED", "WayBackFailed", 5),
        ("CANCELLED", "Cancelled", 6),
    ],
)
def test_only_success_is_zero_and_each_other_end_has_a_code_of_its_own(
    state_type: str, outcome: str, code: int
) -> None:
    assert exit_codes.of(state_type, outcome) == code


def test_no_environment_but_a_local_one_can_be_released_to_yet() -> None:
    done = pipeline("release", "--env", "staging", "--ref", "v1")
    assert done.returncode in (exit_codes.REFUSED, exit_codes.FAILED)
    assert "Promoted" not in done.stderr
