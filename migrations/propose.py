"""`python -m migrations.propose`: what a database lacks of the models, as the body of a revision of one branch.

The database's URL comes in PIPELINE_DATABASE_URL; `upgrade`, `downgrade` and how many changes are left for the other
branch go to a JSON file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from sqlalchemy import MetaData

from migrations.compare import comparing, metadata_of

_TAKES_AWAY = (ops.DropTableOp, ops.DropColumnOp, ops.DropIndexOp, ops.DropConstraintOp)


def propose(metadata: MetaData, branch: str) -> dict[str, Any]:
    """On `contract`, what the models no longer have goes; on `expand`, everything else. Texts are empty for nothing."""
    with comparing(metadata) as context:
        script = produce_migrations(context, metadata)
        found = script.upgrade_ops or ops.UpgradeOps([])
        kept = ops.UpgradeOps([*_of_branch(found.ops, branch)])
        other = [*_of_branch(found.ops, "expand" if branch == "contract" else "contract")]
        texts = (render_python_code(one, migration_context=context) for one in (kept, kept.reverse()))
        upgrade, downgrade = (text if kept.ops else "" for text in texts)
    return {"upgrade": upgrade, "downgrade": downgrade, "left": sum(map(_count, other))}


def _of_branch(found: Any, branch: str) -> Iterator[ops.MigrateOperation]:
    for one in found:
        if isinstance(one, ops.ModifyTableOps):
            inner = [*_of_branch(one.ops, branch)]
            if inner:
                yield ops.ModifyTableOps(one.table_name, inner, schema=one.schema)
        elif isinstance(one, _TAKES_AWAY) == (branch == "contract"):
            yield one


def _count(one: ops.MigrateOperation) -> int:
    return len(one.ops) if isinstance(one, ops.ModifyTableOps) else 1


def main(arguments: list[str] | None = None) -> int:
    """0 when it could compare; anything else is a crash whose traceback is printed."""
    parser = argparse.ArgumentParser(prog="migrations.propose", description=__doc__)
    parser.add_argument("--models", required=True, help="module:attribute")
    parser.add_argument("--folder", type=Path, required=True, help="where the module is")
    parser.add_argument("--branch", choices=("expand", "contract"), required=True)
    parser.add_argument("--answer", type=Path, required=True, help="the JSON file to write")
    asked = parser.parse_args(arguments)
    asked.answer.write_text(json.dumps(propose(metadata_of(asked.models, asked.folder), asked.branch)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
