"""The schema of an app by the tool that its manifest names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.manifest import SchemaFiles
from infra.schema import Schema
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.sql_files import SqlSchema


def schema_at(
    folder: Path, files: SchemaFiles, url: str, lag: Callable[[], int] | None = None, beside: Path | None = None
) -> Schema:
    """The schema as the app's source in `folder` sees it, beside the database at `url`.

    `lag` gives the bytes that the standby is behind; `beside` is the source folder of another version, asked about
    revisions that neither this one nor the database's own history knows.
    """
    make = SqlSchema if files.tool == "sql" else AlembicSchema
    return make(folder / files.directory, url, lag, beside / files.directory if beside else None)
