"""The pages that guards and planners look at."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from app import VERSION

FOLDER = Path(__file__).parent
LATEST = 8
templates = Jinja2Templates(FOLDER / "templates")
templates.env.globals["version"] = VERSION
templates.env.filters["euro"] = lambda cents: f"€ {cents / 100:,.2f}"


async def home(request: Request) -> Response:
    shifts = await request.app.state.store.shifts()
    return templates.TemplateResponse(request, "home.html", {"shifts": shifts})


async def dashboard(request: Request) -> Response:
    store = request.app.state.store
    context = {
        "checkins": await store.latest_checkins(LATEST),
        "payments": await store.latest_payments(LATEST),
        "per_minute": request.app.state.pace.per_minute(),
    }
    return templates.TemplateResponse(request, "dashboard.html", context)


async def gps_checkin(request: Request) -> Response:
    shifts = await request.app.state.store.shifts()
    return templates.TemplateResponse(request, "gps-checkin.html", {"shifts": shifts})


ROUTES = [
    Route("/", home),
    Route("/dashboard", dashboard),
    Route("/gps-checkin", gps_checkin),
    Mount("/static", StaticFiles(directory=FOLDER / "static")),
]
