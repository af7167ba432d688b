"""What is seen of a database before an expansion, right after it, and on the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from infra.schema import Schema, Written
from infra.schema.contents import Contents, columns_of, contents_added
from infra.schema.fingerprint import fingerprint_of
from infra.schema.invariants import broken_invariants
from tasks.release import Release, speaker
from tasks.schema import access_of, files_of
from tasks.schema.choice import Seen


def facts_before(release: Release, schema: Schema, written: Sequence[Written]) -> dict[str, Any]:
    """What is true before the first act, for the note of the stage."""
    access = access_of(release)
    broken = broken_invariants(access, files_of(release).invariants)
    for invariant, rows in broken.items():
        if rows > 0:
            speaker()(f"wrong before anything was changed: {rows} rows in {invariant!r}")
    return {
        "seen": f"{time.time_ns()}",
        "revisions": list(schema.current()),
        "fingerprint": fingerprint_of(access),
        "columns": columns_of(access),
        "one_way": [one.revision.id for one in written if not one.revision.has_way_back],
        "broken": broken,
    }


def look_after(release: Release, facts: dict[str, Any]) -> None:
    """What the expansion left in what it added, and in which state the data is: what the way back compares with."""
    access = access_of(release)
    seen = {
        "contents": [asdict(one) for one in contents_added(access, facts["columns"])],
        "broken": broken_invariants(access, files_of(release).invariants),
    }
    objects, key = release.platform.objects, _key(release, facts)
    # The first look is the one right after: a later one would count what people wrote as the migration's.
    if objects.get(key) is None:
        objects.put(key, json.dumps(seen).encode(), "application/json")


def evidence(release: Release, schema: Schema, facts: dict[str, Any]) -> Seen:
    """What the choice of a way back stands on, read now."""
    content = release.platform.objects.get(_key(release, facts))
    then = json.loads(content) if content else None
    access = access_of(release)
    return Seen(
        is_changed=set(schema.current()) != set(facts["revisions"]) or fingerprint_of(access) != facts["fingerprint"],
        one_way=facts.get("one_way", []),
        broken_before=facts.get("broken", {}),
        broken_then=then["broken"] if then else None,
        broken_now=broken_invariants(access, files_of(release).invariants),
        contents_then=[Contents(**one) for one in then["contents"]] if then else None,
        contents_now=contents_added(access, facts["columns"]) if "columns" in facts else [],
    )


def _key(release: Release, facts: dict[str, Any]) -> str:
    """One for each note: each attempt finds another database."""
    return f"releases/{release.app}/{release.id}/expanded-{facts.get('seen', '')}.json"
