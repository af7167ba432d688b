"""What the server runs: the app over the database named by DATABASE_URL."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from app.database import Database
from app.store import SqlStore
from app.web import build


@asynccontextmanager
async def storage(inner: Starlette) -> AsyncIterator[None]:
    """Open the pool for as long as the server runs; requests in flight end before it closes."""
    if "DATABASE_URL" not in os.environ:
        raise SystemExit("DATABASE_URL is not set: give it as postgresql://user:password@host:port/name")
    database = Database(os.environ["DATABASE_URL"])
    await database.open()
    inner.state.store = SqlStore(database)
    try:
        yield
    finally:
        await database.close()


app = build(lifespan=storage)
