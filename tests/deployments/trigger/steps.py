"""The shell steps of the workflow files, run as GitHub's runner runs them: one bash with a file of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.environment import PROJECT_FOLDER

GITHUB = PROJECT_FOLDER / ".github"
ACTION = GITHUB / "actions" / "release"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
# What every child needs, and nothing of this machine's own settings.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PIPELINE_STATE", "PIPELINE_ENVIRONMENTS")


def workflow(file: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 takes its key `on` for the word yes."""
    table: dict[Any, Any] = yaml.safe_load(file.read_text())
    return {"on" if key is True else key: value for key, value in table.items()}


def action() -> dict[str, Any]:
    """The composite action."""
    table: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text())
    return table


@dataclass(frozen=True)
class Done:
    """A step that ended: its code, its log, and the two files that GitHub reads."""

    code: int
    log: str
    summary: str
    outputs: str


def resolved(step: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
    """The environment of a step of the action, where its inputs have these values or else their defaults."""
    declared = action()["inputs"]
    assert set(inputs) <= set(declared), "the action has no such input"
    values = {name: inputs.get(name, one["default"]) for name, one in declared.items()}
    found = {variable: _INPUT.fullmatch(text) for variable, text in step["env"].items()}
    assert all(found.values()), "each is one input and nothing else"
    return {variable: values[match[1]] for variable, match in found.items() if match}


class Step:
    """The action's own line that talks to Prefect, in a folder that stands for the runner.

    `inputs` are what a workflow says `with`; `variables` are the runner's own. `asks_back` takes the line for a
    cancelled job instead.
    """

    def __init__(
        self,
        folder: Path,
        event: str,
        payload: Mapping[str, Any],
        inputs: Mapping[str, str] | None = None,
        *,
        asks_back: bool = False,
        **variables: str,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "event.json").write_text(json.dumps(payload))
        given = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_OUTPUT": str(folder / "outputs"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_ACTOR": "ann",
            "GITHUB_RUN_ID": folder.name,
            "GITHUB_RUN_ATTEMPT": "1",
        }
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        lines = [one for one in action()["runs"]["steps"] if "pipeline" in one.get("run", "")]
        step = lines[1 if asks_back else 0]
        assert not set(variables) & set(step["env"]), "the action sets these from its inputs"
        self._variables = kept | given | variables | resolved(step, inputs or {})
        (folder / "step.sh").write_text(step["run"])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Step:
        """As https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax says of `shell: bash`."""
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.folder / "step.sh")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self._variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def signal(self, number: signal.Signals) -> None:
        """To the step's first process alone, as the runner does."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Until its log says so."""
        deadline = time.monotonic() + seconds
        while text not in self.log:
            assert self._process is not None
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, f"{text!r} did not come: {self.log}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def end(self, seconds: float = 120) -> Done:
        """Wait for it."""
        assert self._process is not None
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        read = {name: self.folder / name for name in ("summary.md", "outputs")}
        summary, outputs = (file.read_text() if file.exists() else "" for file in read.values())
        return Done(code, self.log, summary, outputs)

    def run(self) -> Done:
        """From start to end."""
        return self.start().end()


def push(branch: str, sha: str = "a" * 40, **more: Any) -> dict[str, Any]:
    """The parts of GitHub's push payload that count here."""
    return {"ref": f"refs/heads/{branch}", "before": "b" * 40, "after": sha, "deleted": False, **more}
