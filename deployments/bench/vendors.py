"""How much of what we ask of vendors is held against their documents, and whether every bad answer ends legally."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deployments.bench import vendors_data, vendors_github, vendors_vercel
from deployments.bench.vendors_moods import Action, Cell, Ground, try_all
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


def vendor_figures(say: Say, only: str = "") -> dict[str, Any]:
    """`only` is `calls` or `moods`; empty: both. Takes some minutes for the moods.

    `validated` calls fit the vendor's document in every request and answer; `outside` ones have a part, named in
    `outside_parts`, that no document describes. Raises BadInput when the documents are not here.
    """
    if only not in ("", "calls", "moods"):
        raise BadInput("only", f"{only!r} is no part of it", "choose calls or moods, or leave it out for both")
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
    illegal = [cell for cell in cells if cell.problem]
    return {
        "cells": len(cells),
        "illegal": len(illegal),
        "by_vendor": dict(Counter(cell.vendor for cell in cells)),
        "ended": dict(Counter(cell.ended for cell in cells)),
        "illegal_cells": [asdict(cell) for cell in illegal],
    }
