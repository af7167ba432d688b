"""Compares versions the way each ecosystem does: SemVer for npm, PEP 440 for PyPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from packaging.version import InvalidVersion
from packaging.version import Version as PyPIVersion
from semver import Version as SemVer

from infra.errors import BadInput
from infra.scanners.lockfiles import Ecosystem

Event = Mapping[str, str]  # {"introduced": version} or {"fixed": version} or {"last_affected": version}
Parsed = TypeVar("Parsed", SemVer, PyPIVersion)


def is_affected(ecosystem: Ecosystem, version: str, events: Sequence[Event]) -> bool:
    """Whether `version` lies in a range given by OSV events. Raises BadInput for a text that is no version there:
    it cannot be compared, so nothing is known of it.

    Source: the evaluation algorithm of https://ossf.github.io/osv-schema/#evaluation
    """
    try:
        if ecosystem == "PyPI":
            return _evaluate(PyPIVersion, version, events)
        return _evaluate(_parse_semver, version, events)
    except (InvalidVersion, ValueError) as error:
        raise BadInput("version", f"{version!r} cannot be compared: {error}", "lock a released version") from error


def _parse_semver(text: str) -> SemVer:
    return SemVer.parse(text.lstrip("v=").strip(), optional_minor_and_patch=True)


def _evaluate(parse: Callable[[str], Parsed], version: str, events: Sequence[Event]) -> bool:
    """In ascending order, the last event at or below the version decides."""
    at, affected = parse(version), False
    for _, bound, _, kind in sorted((_placed(parse, event) for event in events), key=lambda placed: placed[:3]):
        if kind == "introduced":
            affected = affected or bound is None or at >= bound
        elif bound is not None and (at > bound if kind == "last_affected" else at >= bound):
            affected = False
    return affected


def _placed(parse: Callable[[str], Parsed], event: Event) -> tuple[bool, Parsed | None, bool, str]:
    """An event with what it is sorted by. "0" stands before everything, pre-releases included. At one version the
    end of a range comes first, so that a range which begins where another ends still counts."""
    ((kind, text),) = event.items()
    lowest = text == "0"
    return not lowest, None if lowest else parse(text), kind == "introduced", kind
