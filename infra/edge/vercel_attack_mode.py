"""Vercel's attack mode: every visitor is challenged, for as long as an incident needs it."""

from __future__ import annotations

import time

from infra.errors import BadInput, Unknown
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import AttackMode, Security
from infra.shield import UNDER_ATTACK

OFF = "off"


class VercelAttackMode:
    """Of one project, as a Shield with two levels. It ends by itself after `[vercel] attack_mode_seconds`."""

    shield_name = "Vercel"
    usual_level = OFF

    def __init__(self, project: VercelProject) -> None:
        self._project = project

    def security_level(self) -> str:
        """`under_attack` or `off`. One whose time is over is off, whatever its switch says."""
        found = self._project.read().security or Security()
        is_over = found.until is not None and found.until <= time.time() * 1000
        return UNDER_ATTACK if found.is_on and not is_over else OFF

    def set_security_level(self, level: str) -> None:
        """Raises BadInput for a level that Vercel does not have."""
        if level not in (UNDER_ATTACK, OFF):
            raise BadInput("level", f"{level!r} is none of Vercel's", f"choose {UNDER_ATTACK} or {OFF}")
        if level == UNDER_ATTACK:
            self.place(self._project.settings.attack_mode_seconds)
        else:
            self.lift()

    def place(self, seconds: float) -> None:
        """On, and off again by itself after `seconds`: a forgotten one turns visitors away for ever."""
        if seconds <= 0:
            raise BadInput("seconds", f"is {seconds:g}", "give the seconds after which it ends by itself")
        self._set(True, {"attackModeActiveUntil": round((time.time() + seconds) * 1000)})

    def lift(self) -> None:
        """Off."""
        self._set(False, {})

    def _set(self, is_on: bool, more: dict[str, int]) -> None:
        body = {"projectId": self._project.read().id, "attackModeEnabled": is_on, **more}
        found = self._project.ask(calls.ATTACK_MODE, body=body).read(AttackMode)
        if found.is_on != is_on:
            wanted, shown = ("on", "off") if is_on else ("off", "on")
            raise Unknown(f"Vercel was asked to turn attack mode {wanted} and shows it {shown}", "look at its firewall")
