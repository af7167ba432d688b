"""Results of a long run, a JSON object a line, which outlive a run that is cut short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.files import write_atomically


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Add one, in place of one that was cut short there."""
    before = path.read_text() if path.exists() else ""
    whole = before[: before.rfind("\n") + 1]
    write_atomically(path, f"{whole}{json.dumps(row)}\n", mode=0o644)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Those that are whole, oldest first; none when there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]
