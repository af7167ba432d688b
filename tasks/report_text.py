"""The release report in words: markdown out of the report's numbers, as Prefect's UI shows it."""

from __future__ import annotations

import time
from typing import Any

Numbers = dict[str, Any]


def text_of(numbers: Numbers, image: str, link: str) -> str:
    """The whole text. `image` and `link` are markdown, `image` empty when nobody was let in."""
    parts = [
        f"# {numbers['app']} {numbers['version']}: {numbers['outcome']}",
        numbers["reason"],
        image,
        _ramp(numbers["steps"]),
        _sentences(numbers["steps"]),
        _oddities(numbers["steps"]),
        _changed(numbers["changed"]),
        _about(numbers),
        link,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ramp(steps: list[Numbers]) -> str:
    if not steps:
        return ""
    head = [
        "## The ramp",
        "",
        "| step | weight | took | candidate | failed | slow | live | failed | slow | probes | act |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *(_row(step) for step in steps)])


def _row(step: Numbers) -> str:
    counts = step["counts"]
    act = "" if step["acted_ms"] is None else f"{step['acted_ms']:.0f} ms"
    each = [counts[side][what] for side in ("canary", "live") for what in ("requests", "failures", "slow")]
    weight = "" if step["weight"] is None else f"{step['weight']} %"
    row = (f"{_name(step['step'])}: {step['outcome']}", weight, f"{step['seconds']:.0f} s", *each, _probes(counts), act)
    return "| " + " | ".join(str(cell) for cell in row) + " |"


def _name(step: str) -> str:
    """`dark` is the version with its flag still off for everyone."""
    if step in ("dark", "watch"):
        return step
    what, _, weight = step.rpartition("-")
    return f"{what or 'canary'} {int(weight)} %"


def _probes(counts: Numbers) -> str:
    canary, live = counts["canary_probes"]["requests"], counts["live_probes"]["requests"]
    return f"{canary} + {live}" if canary + live else ""


def _sentences(steps: list[Numbers]) -> str:
    lines = [f"- {_name(s['step'])}: {s['sentence']}" for s in steps if s["sentence"]]
    return "\n".join(["## What the evidence said", "", *lines]) if lines else ""


def _oddities(steps: list[Numbers]) -> str:
    lines = [
        f"- {fact['text']}" + (f" (and {fact['times'] - 1} times more)" if fact["times"] > 1 else "")
        for step in steps
        for fact in step["facts"]
    ]
    return "\n".join(["## What was odd about the data", "", *lines]) if lines else ""


def _changed(changed: list[Numbers]) -> str:
    lines = [f"- {note['stage']}: {'put back' if note['is_put_back'] else 'done'}" for note in changed]
    return "\n".join(["## What was changed", "", *lines]) if lines else ""


def _about(numbers: Numbers) -> str:
    failed = numbers["first_failed_request"]
    facts = {
        "version": f"{numbers['version']} ({numbers['commit'][:12]})",
        "repository": numbers["repository"],
        "environment": numbers["environment"],
        "started": _moment(numbers["started"]),
        "took": f"{numbers['seconds']:.0f} s",
        "first failed request": _moment(failed) if failed is not None else "none",
    }
    rows = [f"| {name} | {value} |" for name, value in facts.items()]
    return "\n".join(["## About this release", "", "| | |", "|---|---|", *rows])


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
