"""Finds the scanners' programs: beside this Python first (they come as wheels), then on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from infra.errors import BadInput


def usual_places() -> tuple[Path, ...]:
    """Folders that are searched, in order. The venv need not be activated for its programs to be found."""
    on_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return (Path(sys.executable).parent, *(Path(entry) for entry in on_path if entry))


def find_program(name: str, places: tuple[Path, ...]) -> Path:
    """The full path of `name`. Raises BadInput when no place has it: a scanner that is missing is never clean."""
    found = shutil.which(name, path=search_path(places))
    if found is None:
        raise BadInput(
            f"scanner {name}",
            f"is not in any of the {len(places)} folders searched (first: {places[0] if places else 'none'})",
            "run `make setup`, which installs every scanner into .venv",
        )
    return Path(found)


def search_path(places: tuple[Path, ...]) -> str:
    """`places` as a PATH value: semgrep starts its engine by name, and says nothing useful when it is not there."""
    return os.pathsep.join(str(place) for place in places)
