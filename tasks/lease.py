"""Visitors are lent to a candidate for some seconds at a time: when the release dies, they go home by themselves."""

from __future__ import annotations

from tasks.attempt import attempt_of
from tasks.dial import Dial
from tasks.release import Release


def renew_lease(release: Release, dial: Dial) -> None:
    """Lend anew what the dial stands at. To be called before a weight is given and with every look at the evidence.

    Raises LockLost when the environment is somebody else's by now.
    """
    attempt = attempt_of(release)
    if attempt:
        attempt.check_lock()
    settings = release.settings
    dial.lend(max(settings.traffic.lease_seconds, 3 * settings.canary.batch_seconds))
