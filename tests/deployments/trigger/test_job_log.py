"""Nothing that an app or a server says is obeyed by the runner, and no secret is in what the job leaves."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.prefect_api import FlowRun, TaskRun
from deployments.trigger.job_log import JobLog, command, plain
from deployments.trigger.order import Order
from deployments.trigger.summary import Summary
from infra.redaction import remember_secrets

NASTY = [
    "::add-path::/tmp/evil",
    "  ::set-output name=x::y",
    "\t::stop-commands::x",
    "fine\r::error::not ours",
    "fine\n::debug::not ours",
    "fine\x0b::debug::x",
    "fine\u2028::debug::x",
    "late ##[add-path]/tmp/evil",
    "##[group]x",
]


def is_command(line: str) -> bool:
    """As the runner reads: https://github.com/actions/runner, ActionCommand.TryParseV2 and TryParse."""
    return line.strip().startswith("::") or "##[" in line


@pytest.mark.parametrize("text", NASTY)
def test_a_line_from_elsewhere_is_never_a_command(text: str) -> None:
    stream = io.StringIO()
    JobLog(True, stream).line(text)
    lines = re.split(r"\r\n|\r|\n", stream.getvalue())
    assert not any(is_command(line) for line in lines)


@given(st.text(alphabet=st.sampled_from(list(":#[]a \t\r\n\x0b\x85\u2028%,=")), max_size=30))
def test_no_text_at_all_makes_a_second_command(text: str) -> None:
    assert not any(is_command(line) for line in plain(text))
    line = command("error", text, {"title": text, "file": text})
    assert not re.search(r"[\r\n\x0b\x85\u2028]", line)
    assert "##[" not in line
    assert line.count("::error") == 1


def test_an_annotation_names_the_file_where_the_text_does() -> None:
    stream = io.StringIO()
    JobLog(True, stream).note("error", "B105 at app/main.py:12: a password, 100 %", "scan: sast")
    assert stream.getvalue() == (
        "::error title=scan%3A sast,file=app/main.py,line=12::B105 at app/main.py:12: a password, 100 %25\n"
    )


@pytest.mark.parametrize("text", ["see http://127.0.0.1:4200/runs", "at http://prefect.example:4200/x", "at 12:30:00"])
def test_an_address_or_a_time_is_no_place_in_a_file(text: str) -> None:
    stream = io.StringIO()
    JobLog(True, stream).note("warning", text)
    assert stream.getvalue() == f"::warning::{text}\n"


def test_what_github_would_drop_without_a_word_is_said_in_plain_lines() -> None:
    stream = io.StringIO()
    log = JobLog(True, stream)
    for number in range(12):
        log.note("error", f"number {number}")
    lines = stream.getvalue().splitlines()
    assert [line.startswith("::error") for line in lines] == [True] * 10 + [False] * 2
    assert lines[-1] == "error: number 11"


def test_elsewhere_than_on_github_there_are_no_commands() -> None:
    stream = io.StringIO()
    log = JobLog(False, stream)
    with log.group("stages"):
        log.note("warning", "slow", "watch")
    assert stream.getvalue() == "stages:\nwarning: watch: slow\n"


RUN = FlowRun("id-1", "release v1", "FAILED", "RolledBack", "v2 | <b>bad</b>\n[x](http://evil) s3cret-word", 3.0)
STAGE = TaskRun("t", "unit | tests", "COMPLETED", "Completed", 1, "", 1.25)


def test_the_summary_is_a_table_that_no_text_can_break_and_holds_no_secret(tmp_path: Path) -> None:
    remember_secrets(["s3cret-word"])
    files = {"GITHUB_STEP_SUMMARY": str(tmp_path / "s"), "GITHUB_OUTPUT": str(tmp_path / "o")}
    summary = Summary(files, print)
    summary.started(Order("release", "local", {"ref": "v1"}), RUN, "http://p/1")
    summary.ended(RUN, [STAGE], 4.0, 4)
    text, outputs = (tmp_path / "s").read_text(), (tmp_path / "o").read_text()
    assert "s3cret" not in text + outputs
    assert "| unit \\| tests | Completed | 1.2 | 1 |" in text
    assert "<b>" not in text
    assert "[x](http" not in text
    assert "[The run in Prefect](http://p/1)" in text
    names = re.findall(r"^(\w+)<<(end-[0-9a-f]{32})$", outputs, re.MULTILINE)
    assert [name for name, _ in names] == ["flow_run", "page", "outcome", "message", "exit_code"]
    assert len({end for _, end in names}) == 5


def test_a_summary_that_cannot_be_written_is_said_and_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    Summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, said.append).problem("gone", 7)
    assert said == [f"{tmp_path} could not be written: Is a directory"]
