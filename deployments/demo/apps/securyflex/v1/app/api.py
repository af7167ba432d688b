"""The JSON API."""

from __future__ import annotations

import json
from typing import Any

from psycopg.errors import UndefinedTable
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import VERSION
from app.errors import AppError, Invalid
from app.reading import read_checkin, read_id, read_payment
from app.records import as_json


async def shifts(request: Request) -> Response:
    return JSONResponse([as_json(shift) for shift in await request.app.state.store.shifts()])


async def add_checkin(request: Request) -> Response:
    row, is_new = await request.app.state.store.add_checkin(read_checkin(await _body(request)))
    return JSONResponse(as_json(row), 201 if is_new else 200)


async def find_checkin(request: Request) -> Response:
    return JSONResponse(
        as_json(await request.app.state.store.find_checkin(read_id(request.path_params["id"])))
    )


async def add_payment(request: Request) -> Response:
    row, is_new = await request.app.state.store.add_payment(read_payment(await _body(request)))
    return JSONResponse(as_json(row), 201 if is_new else 200)


async def health(request: Request) -> Response:
    try:
        revision = await request.app.state.store.schema_revision()
    except (AppError, UndefinedTable) as error:
        return JSONResponse({"status": "down", "version": VERSION, "problem": str(error)}, 503)
    return JSONResponse({"status": "ok", "version": VERSION, "schema_revision": revision})


async def answer_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return JSONResponse({"problem": str(error)}, error.status, headers)


async def _body(request: Request) -> Any:
    try:
        return await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Invalid("body", "must be JSON") from error


ROUTES = [
    Route("/api/shifts", shifts),
    Route("/api/checkins", add_checkin, methods=["POST"]),
    Route("/api/checkins/{id}", find_checkin),
    Route("/api/payments", add_payment, methods=["POST"]),
    Route("/api/health", health),
]
