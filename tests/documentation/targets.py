"""The targets of make: their recipes, and which of them the continuous integration really calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from infra.environment import PROJECT_FOLDER

MAKEFILE = (PROJECT_FOLDER / "Makefile").read_text()
CALL = re.compile(r"^\s*make\s+(?:--\S+\s+)*([a-z-]+)\s*$", re.M)


def recipe(target: str) -> str:
    """The lines that make runs for it."""
    found = re.search(rf"^{re.escape(target)}:[^\n]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.M)
    assert found, f"make has no recipe for {target}"
    return found[1]


def called() -> set[str]:
    """What `.ci/run`, the workflows and the action call, and the targets that those need first."""
    found = set(CALL.findall((PROJECT_FOLDER / ".ci" / "run").read_text()))
    for file in (PROJECT_FOLDER / ".github").glob("**/*.yml"):
        for job in yaml.safe_load(file.read_text()).get("jobs", {}).values():
            found |= set(_called_by(job))
    return found | {first for target in found for first in _first(target)}


def _called_by(job: dict[str, Any]) -> Iterator[str]:
    """Its steps, with the values of its matrix in the place of the variables that hold them."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for step in job.get("steps", []):
        script = str(step.get("run", ""))
        for name, value in step.get("env", {}).items():
            if key := re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", str(value)):
                for one in matrix[key[1]]:
                    yield from CALL.findall(script.replace(f'"${name}"', one))
        yield from CALL.findall(script)


def _first(target: str) -> list[str]:
    found = re.search(rf"^{re.escape(target)}:([a-z -]*)", MAKEFILE, re.M)
    return found[1].split() if found else []
