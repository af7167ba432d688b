"""Feature flags: the percentage of visitors for whom a flag of an app is on, while its code is there for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from infra.errors import BadInput

# What an app says in its answers, so that the edge can count the two ways through it apart.
VARIANT_HEADER = "X-Flag-Variant"


class Flags(Protocol):
    """The flags of one app in one environment. A change is one step that is either done or not, and may be repeated."""

    def percentage(self, flag: str) -> int | None:
        """The percent of visitors for whom it is on, 0 to 100; None for a flag that does not exist.

        Raises Rejected when the flag is split in a way that is not one percentage.
        """

    def set(self, flag: str, percent: int, seconds: float | None = None) -> None:
        """On for so many percent from now on, and made if it did not exist. A visitor for whom it is on stays in
        while the percentage grows. Durable when it returns. Raises BadInput.

        With `seconds` it is only lent: off for everyone when they are over, whoever died meanwhile, unless set again.
        """

    def variables(self) -> Mapping[str, str]:
        """What an app finds in its environment to read its flags by."""


def check_percent(percent: object) -> None:
    """Raises BadInput unless it is an integer from 0 to 100."""
    if isinstance(percent, bool) or not isinstance(percent, int) or not 0 <= percent <= 100:
        raise BadInput("percent", f"is {percent!r}", "give an integer from 0 to 100")


def check_name(flag: str) -> None:
    """Raises BadInput for a flag without a name."""
    if not flag.strip():
        raise BadInput("flag", "is empty", "give the name from [flag] of the app's pipeline.toml")
