"""Check runs on a commit: one for each stage of a release, found again by its external id, never from memory.

Only GitHub Apps may write them; a person's token is answered 403.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from infra.code_review import Check, Conclusion, Remark
from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import CHANGE_CHECK, CHECK, CHECKS
from infra.code_review.github_records import CheckRun, CheckRuns

REMARKS_AT_ONCE = 50  # the API's limit
MOST_REMARKS = 200
LONGEST_TEXT = 60_000  # it takes 65 535


class GithubChecks:
    """The check runs of one repository."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api

    def show(self, check: Check) -> None:
        """As `CodeReview.show_check`."""
        remarks = check.remarks[:MOST_REMARKS]
        found = self._newest(check)
        if found and found.status == "completed" and found.conclusion != check.conclusion:
            found = None  # it begins anew, and what it was before stays on record
        if found is None:
            found = self._make({**_body(check, remarks[:REMARKS_AT_ONCE]), "head_sha": check.version})
        elif (found.status, found.output.title) != (_status(check), check.title):
            some = remarks[: REMARKS_AT_ONCE if not found.output.annotations_count else 0]
            found = self._change(found, _body(check, some))
        self._add(found, check, remarks)

    def close(self, version: str, prefix: str, conclusion: Conclusion, why: str) -> int:
        """As `CodeReview.close_checks`."""
        left = [run for run in self._runs(version, {}) if (run.external_id or "").startswith(prefix) and _is_open(run)]
        ended = {"status": "completed", "conclusion": conclusion, "completed_at": _time(None)}
        for run in left:
            self._change(run, {**ended, "output": {"title": why, "summary": why}})
        return len(left)

    def _newest(self, check: Check) -> CheckRun | None:
        runs = self._runs(check.version, {"check_name": check.name})
        return max((run for run in runs if run.external_id == check.id), key=lambda run: run.id, default=None)

    def _runs(self, version: str, query: dict[str, str]) -> Iterator[CheckRun]:
        for page in self._api.pages(CHECKS, CheckRuns, {**query, "filter": "all"}, ref=version):
            yield from page.check_runs

    def _add(self, run: CheckRun, check: Check, remarks: tuple[Remark, ...]) -> None:
        """Those that did not go with the first request. How many are there is what GitHub says."""
        there = run.output.annotations_count
        while there < len(remarks):
            some = remarks[there : there + REMARKS_AT_ONCE]
            run = self._change(run, {"output": _output(check, some)})
            if run.output.annotations_count <= there:
                return  # it takes no more of them
            there = run.output.annotations_count

    def _make(self, body: dict[str, Any]) -> CheckRun:
        return self._api.ask(CHECK, body=body).read(CheckRun)

    def _change(self, run: CheckRun, body: dict[str, Any]) -> CheckRun:
        return self._api.ask(CHANGE_CHECK, body=body, check_run_id=run.id).read(CheckRun)


def _is_open(run: CheckRun) -> bool:
    return run.status != "completed"


def _status(check: Check) -> str:
    return "completed" if check.conclusion else "in_progress"


def _body(check: Check, remarks: tuple[Remark, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": check.name,
        "external_id": check.id,
        "status": _status(check),
        "started_at": _time(check.started),
        "output": _output(check, remarks),
    }
    if check.page:
        body["details_url"] = check.page
    if check.conclusion:
        body |= {"conclusion": check.conclusion, "completed_at": _time(check.ended)}
    return body


def _output(check: Check, remarks: tuple[Remark, ...]) -> dict[str, Any]:
    output: dict[str, Any] = {"title": check.title, "summary": check.text[:LONGEST_TEXT]}
    if remarks:
        output["annotations"] = [_annotation(remark) for remark in remarks]
    return output


def _annotation(remark: Remark) -> dict[str, Any]:
    return {
        "path": remark.path,
        "start_line": remark.line,
        "end_line": remark.line,
        "annotation_level": remark.level,
        "title": remark.title[:255],
        "message": remark.message[:LONGEST_TEXT] or remark.title,
    }


def _time(seconds: float | None) -> str:
    moment = datetime.datetime.now(datetime.UTC) if seconds is None else _moment(seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
