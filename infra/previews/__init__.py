"""Previews of pull requests: a copy at an address of its own, with a database of its own, for people to look at.

Everything carries its pull request's number from the moment it is made: what a killed preview left is found by
reading the platform, whoever closes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from infra.commands import Say
from infra.errors import BadInput
from infra.hosting import Source

MOST_NUMBER = 999_999_999


@dataclass(frozen=True)
class Wanted:
    """Which preview: the pull request's number, and the branch that it wants to merge."""

    pull_request: int
    branch: str

    def __post_init__(self) -> None:
        check_number(self.pull_request)


@dataclass(frozen=True)
class Preview:
    """What there is of one. `url`, `version` and `ref` are empty while nothing was ever built; `parts` says what is
    there, for people; `touched` is when it was opened last, in seconds since the epoch, 0 when nobody knows."""

    pull_request: int
    version: str
    ref: str
    url: str
    is_running: bool
    touched: float
    parts: tuple[str, ...]


class Previews(Protocol):
    """Those of one app in one environment. Raises Unreachable, Rejected, Unknown; each call may be repeated."""

    def all(self) -> list[Preview]:
        """Every one of which anything is left, half made ones too; the one touched longest ago first."""

    def database(self, wanted: Wanted, say: Say, *, is_anew: bool = False) -> str:
        """The URL of its own database, made where missing; `is_anew` drops what is there first."""

    def show(self, source: Source, wanted: Wanted, variables: Mapping[str, str], say: Say) -> Preview:
        """Build this version and run it with `variables`; the version before it goes once this one is healthy."""

    def close(self, pull_request: int, say: Say) -> tuple[str, ...]:
        """End all of it, the copy before its data; what was ended, in words. Harmless when nothing is there."""


def check_number(pull_request: int) -> None:
    """Raises BadInput for what is no pull request's number."""
    if not 1 <= pull_request <= MOST_NUMBER:
        raise BadInput("pull_request", f"is {pull_request}", f"give its number, 1 to {MOST_NUMBER}")
