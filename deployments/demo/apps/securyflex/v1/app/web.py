"""Puts pages, API and headers together around a store."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Lifespan

from app import api, pages
from app.crash import Crash
from app.errors import AppError
from app.headers import Headers
from app.store import Store


def build(store: Store | None = None, lifespan: Lifespan[Starlette] | None = None) -> ASGIApp:
    """The app over `store`; without one, `lifespan` puts it in `app.state.store` at startup."""
    inner = Starlette(
        routes=[*pages.ROUTES, *api.ROUTES],
        middleware=[Middleware(Crash)],
        exception_handlers={AppError: api.answer_error},
        lifespan=lifespan,
    )
    inner.state.store = store
    return Headers(inner)
