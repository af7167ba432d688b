"""For edges that cannot say, version by version and second by second, what visitors were answered."""

from __future__ import annotations

from infra.errors import Rejected


class NoCounts(Rejected):
    """There are no counts and there will be none: a ramp judges by questions that it asks itself."""
