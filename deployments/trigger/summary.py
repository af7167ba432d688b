"""What is left of a job on GitHub: the summary that people read, and the outputs that later steps read."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from pathlib import Path

from deployments.prefect_api import FlowRun, TaskRun
from deployments.trigger.order import Order
from infra.commands import Say
from infra.redaction import redact

LONGEST_CELL = 300
MARKS = {"COMPLETED": "✅", "FAILED": "❌", "CRASHED": "❌", "CANCELLED": "🚫"}


class Summary:
    """Appends to the files that GitHub names; where it names none, nothing is written."""

    def __init__(self, variables: Mapping[str, str], say: Say) -> None:
        self._say = say
        self._summary = variables.get("GITHUB_STEP_SUMMARY", "")
        self._outputs = variables.get("GITHUB_OUTPUT", "")

    def started(self, order: Order, run: FlowRun, page: str) -> None:
        """At once: whatever happens to this job, people find the run."""
        self._append(self._summary, f"### {_cell(str(order))}\n\n[The run in Prefect]({page})\n\n")
        self.output({"flow_run": run.id, "page": page})

    def ended(self, run: FlowRun, stages: list[TaskRun], seconds: float, code: int) -> None:
        """The outcome, and a table of the stages."""
        head = f"**{MARKS.get(run.type, '')} {_cell(run.outcome)}** after {seconds:.0f} s: {_cell(run.message)}\n\n"
        rows = [f"| {_cell(one.name)} | {_cell(one.outcome)} | {one.seconds:.1f} | {one.tries} |" for one in stages]
        table = "\n".join(["| stage | state | seconds | tries |", "|---|---|---:|---:|", *rows])
        self._append(self._summary, f"{head}{table}\n\n")
        self.output({"outcome": run.outcome, "message": run.message, "exit_code": str(code)})

    def problem(self, text: str, code: int) -> None:
        """Why there is no outcome."""
        self._append(self._summary, f"**❌ {_cell(text)}**\n\n")
        self.output({"outcome": "Unknown", "message": text, "exit_code": str(code)})

    def output(self, values: Mapping[str, str]) -> None:
        """Each behind a delimiter that nobody can guess, so that no value can add another."""
        for name, value in values.items():
            end = f"end-{secrets.token_hex(16)}"
            self._append(self._outputs, f"{name}<<{end}\n{redact(value)}\n{end}\n")

    def _append(self, file: str, text: str) -> None:
        if not file:
            return
        try:
            with Path(file).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:  # what is only told may not change how it ends
            self._say(f"{file} could not be written: {error.strerror}")


def _cell(text: str) -> str:
    """One cell of a table: no markup, no link, no line of its own."""
    short = redact(" ".join(text.split()))
    short = short if len(short) <= LONGEST_CELL else f"{short[:LONGEST_CELL]}…"
    escaped = html.escape(short, quote=False)
    return "".join(f"\\{c}" if c in "\\|`*_[]()#!~@" else c for c in escaped)
