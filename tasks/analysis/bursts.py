"""Bad requests that come together: of each stretch of time only some count against the candidate.

What counts is never more than what was bad, and live's counts stay whole. The likelihood ratio of a stratum rises with
the candidate's bad requests, so evidence of harm is never more than it would be uncapped: the bounds hold as before.
"""

from __future__ import annotations

# Of the requests of a stretch, at most this part counts as bad, and one in any case. A candidate that is bad all the
# time is over it in every stretch; a clump is over it in one.
SHARE = 0.1


class Bursts:
    """Caps the bad requests of each stretch of `seconds`; 0 caps nothing. `window` is (number, requests, counted)."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.window = (0, 0, 0)

    def counted(self, start: float, requests: int, bad: int) -> int:
        """How many of a batch's bad requests count."""
        if not self.seconds:
            return bad
        number = int(start // self.seconds)
        _, asked, before = self.window if self.window[0] == number else (number, 0, 0)
        room = max(1, int(SHARE * (asked + requests))) - before
        now = min(bad, max(room, 0))
        self.window = (number, asked + requests, before + now)
        return now
