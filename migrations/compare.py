"""`python -m migrations.compare`: says where a database's schema differs from a SQLAlchemy MetaData.

The database's URL comes in PIPELINE_DATABASE_URL; the differences go to a JSON file, a line each.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from migrations.session import URL_VARIABLE

_OWN = ("alembic_version", "pipeline_schema_history", "pipeline_backfills")


def differences(metadata: MetaData, is_strict: bool) -> list[str]:
    """What the schema lacks or has otherwise; `is_strict` adds what it has beyond the models."""
    with comparing(metadata) as context:
        found = compare_metadata(context, metadata)
    lines = [_line(change) for change in _flat(found)]
    return [line for line in lines if is_strict or not line.startswith("remove_")]


@contextmanager
def comparing(metadata: MetaData) -> Iterator[MigrationContext]:
    """Alembic's view of the database at PIPELINE_DATABASE_URL, in the schemas of the models, without our own tables."""
    url = make_url(os.environ[URL_VARIABLE]).set(drivername="postgresql+psycopg")
    schemas = {table.schema for table in metadata.tables.values()}
    options: dict[str, Any] = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: name in schemas if kind == "schema" else name not in _OWN,
    }
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield MigrationContext.configure(connection, opts=options)


def metadata_of(models: str, folder: Path) -> MetaData:
    """What `module:attribute` names; the module is looked for in `folder` too."""
    # At the end: a folder `migrations` of the app must not stand in front of this one.
    sys.path.append(str(folder))
    module, _, attribute = models.partition(":")
    found: Any = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    if not isinstance(found, MetaData):
        raise TypeError(f"{models} is a {type(found).__name__}, not a MetaData")
    return found


def _flat(found: Any) -> Iterator[tuple[Any, ...]]:
    """Changes of one column come in a list of their own."""
    for change in found:
        if isinstance(change, list):
            yield from change
        else:
            yield change


def _line(change: tuple[Any, ...]) -> str:
    words = [getattr(part, "name", part) for part in change[1:] if part is not None and not isinstance(part, dict)]
    return " ".join(str(word) for word in (change[0], *words))


def main(arguments: list[str] | None = None) -> int:
    """0 when it could compare; anything else is a crash whose traceback is printed."""
    parser = argparse.ArgumentParser(prog="migrations.compare", description=__doc__)
    parser.add_argument("--models", required=True, help="module:attribute")
    parser.add_argument("--folder", type=Path, required=True, help="where the module is")
    parser.add_argument("--answer", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--strict", action="store_true", help="also what the schema has beyond the models")
    asked = parser.parse_args(arguments)
    found = differences(metadata_of(asked.models, asked.folder), asked.strict)
    asked.answer.write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
