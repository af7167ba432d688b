"""Writes the file of a new revision where the app keeps them, at the end of its branch, for a person to fill in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from infra.errors import BadInput
from infra.manifest import SchemaFiles
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.models import Proposal
from infra.schema.sql_files import read_sql_files

# Only the files are read; no database is asked.
_NO_DATABASE = "postgresql://none:none@127.0.0.1/none"
_PYTHON = '''"""{message}."""

{imports}

revision = {number!r}
down_revision = {after!r}
branch_labels = {label!r}
depends_on = {needs!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''
_TO_WRITE = '''op.execute("""
        {hint}
    """)'''
_NO_WAY_BACK = 'raise NotImplementedError("write the way back")'
_HINTS = {
    "expand": "-- only add: ALTER TABLE ... ADD COLUMN ..., CREATE TABLE ..., CREATE INDEX CONCURRENTLY ...",
    "contract": "-- take away what no version uses any more: ALTER TABLE ... DROP COLUMN ...",
}


def write_revision(
    folder: Path, files: SchemaFiles, message: str, branch: str, proposal: Proposal | None = None
) -> list[Path]:
    """The files made below `folder`, an app's source; for Alembic with what was proposed, else to be filled in.

    Raises BadInput for a message or branch that cannot be.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:60]
    if not slug:
        raise BadInput("message", f"{message!r} has no letters", "say in a few words what it does")
    if branch not in _HINTS:
        raise BadInput("branch", f"{branch!r} does not exist", "choose one of: expand, contract")
    place = folder / files.directory
    place.mkdir(parents=True, exist_ok=True)
    place = place / branch if (place / branch).is_dir() else place
    number = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    stem = place / f"{number}_{slug}"
    if files.tool == "sql":
        return _write_sql(folder / files.directory, stem, branch, message)
    return _write_python(folder / files.directory, stem, branch, message, proposal)


def _write_sql(root: Path, stem: Path, branch: str, message: str) -> list[Path]:
    read_sql_files(root)  # a folder that cannot be read gets no more files
    marker = "-- contract\n" if branch == "contract" and stem.parent.name != "contract" else ""
    up, down = stem.with_name(f"{stem.name}.sql"), stem.with_name(f"{stem.name}.down.sql")
    up.write_text(f"{marker}-- {message}\n{_HINTS[branch]}\n")
    down.write_text("-- the way back\n")
    return [up, down]


def _write_python(root: Path, stem: Path, branch: str, message: str, proposal: Proposal | None) -> list[Path]:
    heads = _heads(root)
    upgrade = proposal.upgrade if proposal else ""
    downgrade = proposal.downgrade if proposal else ""
    text = _PYTHON.format(
        message=message.strip().rstrip(".").replace('"', "'"),
        number=stem.name.split("_")[0],
        after=heads.get(branch),
        label=None if branch in heads else (branch,),
        needs=heads.get("expand") if branch == "contract" else None,
        imports="\n".join(_imports(upgrade + downgrade)),
        upgrade=upgrade.strip() or _TO_WRITE.format(hint=_HINTS[branch]),
        downgrade=downgrade.strip() or _NO_WAY_BACK,
    )
    path = stem.with_name(f"{stem.name}.py")
    path.write_text(text)
    return [path]


def _imports(body: str) -> list[str]:
    """What Alembic's own words in a body stand on."""
    found = ["import sqlalchemy as sa"] if "sa." in body else []
    found.append("from alembic import op")
    return [*found, "from sqlalchemy.dialects import postgresql"] if "postgresql." in body else found


def _heads(root: Path) -> dict[str, str]:
    """The newest revision of each branch. Raises BadInput when a branch has two."""
    described = AlembicSchema(root, _NO_DATABASE).described()
    heads: dict[str, str] = {}
    for one in described:
        followers = [other for other in described if one["revision"] in other["parents"]]
        if any(other["branch"] == one["branch"] for other in followers):
            continue
        if one["branch"] in heads:
            problem = f"branch {one['branch']} ends twice, at {heads[one['branch']]} and {one['revision']}"
            raise BadInput("schema.directory", problem, "put one behind the other")
        heads[one["branch"]] = one["revision"]
    return heads
