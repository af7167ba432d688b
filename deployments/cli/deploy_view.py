"""How the difference between a server and what is declared looks on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from deployments.registration.changes import Act, Change

SIGNS: dict[Act, tuple[str, str]] = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}


def show(changes: list[Change], url: str) -> None:
    """Each change on a line, its fields below; of what is added only that it is."""
    out = Console(highlight=False, soft_wrap=True)
    if not changes:
        out.print(f"nothing to do: {url} has what is declared", markup=False)
    for change in changes:
        sign, colour = SIGNS[change.act]
        out.print(Text(f"{sign} {change.kind} {change.name}", style=colour))
        if change.act == "change":
            for one in change.differences:
                out.print(Text(f"    {one.field}: {one.before} -> {one.after}"))
