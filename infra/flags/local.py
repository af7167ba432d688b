"""Flags as a file in flagd's own format, which every OpenFeature SDK reads by its flagd provider, with no server.

Format: https://flagd.dev/reference/flag-definitions/, rollouts by https://flagd.dev/reference/custom-operations/
"""

from __future__ import annotations

import fcntl
import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.errors import Rejected
from infra.files import make_folder, write_atomically
from infra.flags import check_name, check_percent

Json = dict[str, Any]
SCHEMA = "https://flagd.dev/schema/v0/flags.json"
ON, OFF = "on", "off"
# Providers that look for changes by time do so this often at best; those that watch the file know at once.
POLL_MS = 100


class LocalFlags:
    """The flags of one app in the file at `path`. What people wrote into it beside our flags stays as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def percentage(self, flag: str) -> int | None:
        """Read from the file. Raises Rejected when the file is damaged, or the flag is not one percentage."""
        check_name(flag)
        found = self._read()["flags"].get(flag)
        return None if found is None else self._percent(flag, found)

    def set(self, flag: str, percent: int, seconds: float | None = None) -> None:
        """One rename. Raises BadInput, and Rejected when the file is damaged."""
        check_name(flag)
        check_percent(percent)
        until = None if seconds is None else math.ceil(time.time() + seconds)
        with self._alone():
            table = self._read()
            before = table["flags"].get(flag, {})
            before.pop("targeting", None)
            table["flags"][flag] = {**before, **_definition(percent, until)}
            write_atomically(self.path, json.dumps(table, indent=1) + "\n")

    def variables(self) -> Mapping[str, str]:
        """Of the flagd provider. The file is there from now on: some providers do not start without."""
        with self._alone():
            if not self.path.exists():
                write_atomically(self.path, json.dumps(_no_flags(), indent=1) + "\n")
        return {
            # With a file, `in-process` means the file, for all of them; `file` is not known to the one for Node.
            "FLAGD_RESOLVER": "in-process",
            "FLAGD_OFFLINE_FLAG_SOURCE_PATH": str(self.path),
            "FLAGD_OFFLINE_POLL_MS": str(POLL_MS),
        }

    def _read(self) -> Json:
        try:
            table: Json = json.loads(self.path.read_text())
            if not isinstance(table["flags"], dict):
                raise TypeError("`flags` is not a table")
        except FileNotFoundError:
            return _no_flags()
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected(
                f"the flags in {self.path} cannot be read: {error!r}", "mend the file; apps keep what they read last"
            ) from error
        return table

    def _percent(self, flag: str, found: Json) -> int:
        """What `_definition` means, read back."""
        if found.get("state") == "DISABLED":
            return 0
        if "targeting" not in found:
            return 100 if found.get("defaultVariant") == ON else 0
        match found["targeting"]:
            case {"if": [{"<": [{"var": "$flagd.timestamp"}, int(until)]}, lent, "off"]}:
                share = _share(lent) if time.time() < until else 0
            case rule:
                share = _share(rule)
        if share is not None:
            return share
        raise Rejected(
            f"flag {flag!r} in {self.path} is split by a rule of its own: {json.dumps(found['targeting'])[:200]}",
            "take `targeting` out of it, so that the pipeline may set its percentage",
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time; a crash lets go of it."""
        make_folder(self.path.parent)
        with self.path.with_suffix(".lock").open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _no_flags() -> Json:
    return {"$schema": SCHEMA, "flags": {}}


def _definition(percent: int, until: int | None) -> Json:
    """A boolean flag. `on` comes first: its share of the hash space grows from one end, so nobody in it drops out.

    At 0 and 100 there is no rule: they hold for requests without a targeting key too. `until`, in seconds since the
    epoch, is held by every provider against its own clock (`$flagd.timestamp`).
    """
    is_for_good = until is None or not percent
    definition: Json = {
        "state": "ENABLED",
        "variants": {ON: True, OFF: False},
        "defaultVariant": ON if percent == 100 and is_for_good else OFF,
    }
    # Without an expression of its own, `fractional` splits by flag and targeting key.
    split: Any = ON if percent == 100 else {"fractional": [[ON, percent], [OFF, 100 - percent]]}
    if not is_for_good:
        definition["targeting"] = {"if": [{"<": [{"var": "$flagd.timestamp"}, until]}, split, OFF]}
    elif 0 < percent < 100:
        definition["targeting"] = split
    return definition


def _share(rule: object) -> int | None:
    """The percentage that a rule of ours means; None for somebody else's."""
    match rule:
        case "on":
            return 100
        case {"fractional": [["on", int(on)], ["off", int(off)]]} if on + off == 100:
            return on
    return None
