"""Reads coverage reports: coverage.py JSON, Istanbul summary, lcov and Cobertura XML.

A report that measured nothing is refused: 0 of 0 lines covered is no coverage, whatever percentage it claims.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from infra.errors import BadInput

_FIX = "let the coverage command write one of: coverage.py JSON, Istanbul coverage-summary.json, lcov, Cobertura XML"


@dataclass(frozen=True)
class CoverageReport:
    """`covered` of `total` lines (statements where the tool counts those); `percent` is 0 to 100."""

    percent: float
    covered: int
    total: int
    format: str


def read_coverage(path: Path) -> CoverageReport:
    """The report at `path`; its format is told by its content. Raises BadInput, naming the file, when it is missing,
    has no known format, or measured no line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(str(path), "does not exist: the coverage command wrote no report", _FIX) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"cannot be read: {error}", _FIX) from error
    for name, begins, read in _FORMATS:
        if re.match(begins, text, re.DOTALL):
            covered, total = _counted(path, name, read, text)
            return CoverageReport(100 * covered / total, covered, total, name)
    raise BadInput(str(path), "is empty" if not text.strip() else "has no format that is known", _FIX)


def _counted(path: Path, name: str, read: Callable[[str], tuple[Any, Any]], text: str) -> tuple[int, int]:
    try:
        covered, total = (_whole(number) for number in read(text))
    except (KeyError, TypeError, ValueError, AttributeError, expat.ExpatError) as error:
        raise BadInput(str(path), f"is not a whole {name} report: {error!r}", _FIX) from error
    if total == 0:
        raise BadInput(str(path), "measured no line at all", "run the tests with coverage switched on for the source")
    if not 0 <= covered <= total:
        raise BadInput(str(path), f"says that {covered} of {total} lines are covered", "write the report again")
    return covered, total


def _whole(number: Any) -> int:
    """Istanbul writes "Unknown" for nothing measured, other tools NaN: neither is a count."""
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise ValueError(f"{number!r} is not a count")
    if number != int(number):
        raise ValueError(f"{number!r} is not a whole count")
    return int(number)


def _read_coverage_py(text: str) -> tuple[Any, Any]:
    totals = json.loads(text)["totals"]
    return totals["covered_lines"], totals["num_statements"]


def _read_istanbul(text: str) -> tuple[Any, Any]:
    lines = json.loads(text)["total"]["lines"]
    return lines["covered"], lines["total"]


def _read_lcov(text: str) -> tuple[int, int]:
    """LH (lines hit) and LF (lines found) of every record. Source: man 1 geninfo."""
    rows = [line.strip().partition(":") for line in text.splitlines()]
    if not any(key == "end_of_record" for key, _, _ in rows):
        raise ValueError("no end_of_record: it was cut short")
    found = {wanted: sum(int(value) for key, _, value in rows if key == wanted) for wanted in ("LH", "LF")}
    return found["LH"], found["LF"]


def _read_cobertura(text: str) -> tuple[int, int]:
    """The counts of the root element or, where it has none, the lines counted one by one."""
    counter = _Cobertura()
    parser = expat.ParserCreate()
    parser.StartElementHandler = counter.start
    parser.EntityDeclHandler = counter.refuse_entity
    parser.Parse(text.encode(), True)
    return counter.counts()


class _Cobertura:
    """Entities are refused, because a few of them can grow to gigabytes and no coverage tool writes any."""

    def __init__(self) -> None:
        self.root: dict[str, str] | None = None
        self.lines: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            if name != "coverage":
                raise ValueError(f"the root element is <{name}>, not <coverage>")
            self.root = attributes
        elif name == "line":
            self.lines.append(int(attributes["hits"]) > 0)

    def refuse_entity(self, name: str, *_: object) -> None:
        raise ValueError(f"declares the entity {name}")

    def counts(self) -> tuple[int, int]:
        root = self.root or {}
        if "lines-valid" in root:
            return int(root["lines-covered"]), int(root["lines-valid"])
        return sum(self.lines), len(self.lines)


# Name, how its text begins, how it is read; the first that fits is taken.
_FORMATS: tuple[tuple[str, str, Callable[[str], tuple[Any, Any]]], ...] = (
    ("coverage.py", r'\s*\{.*"totals"', _read_coverage_py),
    ("Istanbul", r"\s*\{", _read_istanbul),
    ("Cobertura", r"\s*<", _read_cobertura),
    ("lcov", r"\s*(TN|SF):", _read_lcov),
)
