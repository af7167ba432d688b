"""How much of what we ask of vendors is held against their documents, and whether every bad answer ends legally."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.bench import vendors_data, vendors_github, vendors_vercel
from deployments.bench.vendors_moods import Action, Cell, Ground, counted, try_all
from deployments.twins.contract import Checked, check_entry
from deployments.twins.documents import VARIABLE, documents_folder, load_document
from deployments.twins.vercel_place import object_store
from infra.cdn import cloudflare
from infra.code_review import github_calls
from infra.commands import Say
from infra.database import supabase_calls
from infra.errors import BadInput
from infra.hosting import vercel_calls
from infra.http import Call
from infra.objects import Objects

SAY_EVERY_SECONDS = 15.0
PARTS = ("calls", "moods", "releases")


@dataclass(frozen=True)
class Vendor:
    """What is measured of one: a tour through all its calls, and the actions of the mood matrix."""

    ground: Ground[Any]
    tour: Callable[[Any], None]
    actions: tuple[Action[Any], ...]
    documents: tuple[str, ...]
    calls: Sequence[Call]


def vendors(objects: Objects) -> tuple[Vendor, ...]:
    """All of them. `objects` is where our clients keep what the vendor does not."""
    vercel = (vercel_calls.PUBLISHED, vercel_calls.FROM_THE_SDK)
    return (
        Vendor(
            vendors_vercel.vercel_ground(objects),
            vendors_vercel.tour,
            vendors_vercel.ACTIONS,
            vercel,
            vercel_calls.CALLS,
        ),
        Vendor(
            vendors_data.supabase_ground(),
            vendors_data.tour_supabase,
            vendors_data.SUPABASE_ACTIONS,
            ("supabase.json",),
            supabase_calls.CALLS,
        ),
        Vendor(
            vendors_data.cloudflare_ground(),
            vendors_data.tour_cloudflare,
            vendors_data.CLOUDFLARE_ACTIONS,
            ("cloudflare.json",),
            cloudflare.CALLS,
        ),
        Vendor(
            vendors_github.github_ground(),
            vendors_github.tour,
            vendors_github.ACTIONS,
            ("github.json",),
            github_calls.CALLS,
        ),
    )


def vendor_figures(
    say: Say, only: str = "", seed: int = 1, releases: int = 20, out: Path | None = None
) -> dict[str, Any]:
    """`only` is `calls`, `moods` or `releases`; empty: all. Takes some minutes for the moods.

    `validated` calls fit the vendor's document in every request and answer; `outside` ones have a part, named in
    `outside_parts`, that no document describes. `releases` whole ones are tried in bad weather (0: every cell there
    is, drawn by `seed`, kept in `out`). Raises BadInput when the documents are not here.
    """
    if only not in ("", *PARTS):
        raise BadInput("only", f"{only!r} is no part of it", f"choose {', '.join(PARTS)}, or leave it out for all")
    found: dict[str, Any] = {}
    if only != "releases":
        found |= _each_call(say, only)
    if only in ("", "releases"):
        from deployments.bench.vendors_releases import release_figures

        found["releases"] = release_figures(seed, releases, out, say)
    wrong = [name for name, row in found.get("vendors", {}).items() if row["wrong"] or row["never_made"]]
    illegal = sum(found[part]["illegal"] for part in ("moods", "releases") if part in found)
    return {**found, "is_broken": bool(wrong or illegal)}


def _each_call(say: Say, only: str) -> dict[str, Any]:
    """What is measured of each call by itself."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        objects = stack.enter_context(object_store(folder))
        measured = vendors(objects)
        found: dict[str, Any] = {}
        if only != "moods":
            found["vendors"] = {vendor.ground.vendor: _calls(vendor, say) for vendor in measured}
        if only != "calls":
            found["moods"] = _moods(measured, say)
        return found


def _calls(vendor: Vendor, say: Say) -> dict[str, Any]:
    folder = documents_folder()
    if folder is None:
        raise BadInput(VARIABLE, "leads to no folder with the vendors' documents", f"set {VARIABLE} to theirs")
    documents = [load_document(folder / name) for name in vendor.documents]
    declared = {call.operation: call for call in vendor.calls}
    with vendor.ground.open() as place:
        vendor.tour(place)
        log = [entry for entry in vendor.ground.twin(place).log if entry.operation in declared]
    checked = [check_entry(entry, documents, declared) for entry in log]
    found = {**_counted(vendor.calls, checked), "requests": len(log)}
    say(f"{vendor.ground.vendor}: {found['calls']} calls, {found['validated']} validated, {found['outside']} outside")
    return found


def _counted(calls: Sequence[Call], checked: Sequence[Checked]) -> dict[str, Any]:
    made = {one.operation for one in checked}
    wrong = {one.operation: one.problems[0] for one in checked if one.problems}
    outside = {call.operation: _outside(call) for call in calls if call.outside_fields or not call.source}
    fits = [call.operation for call in calls if call.operation in made and call.operation not in {*wrong, *outside}]
    return {
        "calls": len(calls),
        "validated": len(fits),
        "outside": len(outside),
        "wrong": wrong,
        "never_made": sorted({call.operation for call in calls} - made),
        "outside_parts": outside,
    }


def _outside(call: Call) -> str:
    if not call.source:
        return f"the whole call: {call.outside}"
    return ", ".join("the body" if field == "*" else field for field in call.outside_fields)


def _moods(measured: Sequence[Vendor], say: Say) -> dict[str, Any]:
    cells: list[Cell] = []
    said = time.monotonic()
    for vendor in measured:
        for action in vendor.actions:
            for cell in try_all(vendor.ground, (action,)):
                cells.append(cell)
                if cell.problem:
                    say(f"illegal: {cell}")
                if time.monotonic() - said > SAY_EVERY_SECONDS:
                    said = time.monotonic()
                    say(f"{len(cells)} cells; {vendor.ground.vendor}: {action.name}")
    return counted(cells)
