"""The nouns of the app, as the database holds them and as the API speaks them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Shift:
    id: int
    site: str
    guard: str
    starts_at: datetime
    ends_at: datetime
    pay_cents: int


@dataclass(frozen=True)
class CheckIn:
    """A guard was here. `source` is `app`, or `smoke` for rows that only a smoke test looks at."""

    id: UUID
    shift_id: int
    latitude: float
    longitude: float
    source: str
    accuracy_meters: float | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Payment:
    id: UUID
    shift_id: int
    amount_cents: int
    source: str
    created_at: datetime | None = None


def as_json(record: Shift | CheckIn | Payment) -> dict[str, Any]:
    """Fields by name; times in ISO 8601, identifiers as text."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
