"""What squawk finds in a script beyond our own rules: constraints and indexes made under long locks, wrong SQL."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.commands import command, run
from infra.errors import Unknown
from infra.migration_lint.tree import SQUAWK

# Ours say the same with a rewrite, know about branches, or the pipeline does it itself (timeouts, transactions).
_OURS = (
    "adding-not-nullable-field", "adding-required-field", "ban-drop-column",
    "ban-drop-database", "ban-drop-default", "ban-drop-function", "ban-drop-not-null", "ban-drop-schema",
    "ban-drop-table", "ban-drop-type", "ban-drop-view", "ban-set-schema", "ban-truncate-cascade",
    "changing-column-type", "disallowed-unique-constraint", "renaming-column", "renaming-object", "renaming-table",
    "require-concurrent-reindex", "prefer-robust-stmts", "require-timeout-settings",
    "ban-uncommitted-transaction", "transaction-nesting", "prefer-identity",
)  # fmt: skip


@dataclass(frozen=True)
class Remark:
    """`line` counts from 0, `column` in bytes. Only a matter of taste when `is_advice`."""

    line: int
    column: int
    rule: str
    message: str
    is_advice: bool


def remarks(sql: str) -> list[Remark]:
    """All of squawk's remarks that are not ours to make. Raises Unknown for an answer that is no list."""
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        file, settings = Path(folder) / "migration.sql", Path(folder) / "squawk.toml"
        file.write_text(sql)
        settings.write_text("")  # an app's own .squawk.toml must not switch rules off
        excluded = [f"--exclude={rule}" for rule in _OURS]
        what = command(SQUAWK, "--config", settings, "--reporter", "json", *excluded, file, timeout_seconds=60)
        output = run(what, accept=(0, 1)).output
    try:
        return [_remark(entry) for entry in json.loads(output)]
    except (ValueError, KeyError, TypeError) as error:
        raise Unknown(f"squawk gave no list of remarks ({error}): {output[:300]}") from error


def _remark(entry: dict[str, object]) -> Remark:
    rule = str(entry["rule_name"])
    is_advice = rule.startswith("prefer-") or rule in ("ban-char-field", "require-enum-value-ordering")
    return Remark(int(str(entry["line"])), int(str(entry["column"])), rule, str(entry["message"]), is_advice)
