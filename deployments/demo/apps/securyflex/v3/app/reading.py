"""Turns what a client sent into records, or says which field is wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.errors import Invalid
from app.records import CheckIn, Payment

SOURCES = ("app", "smoke")
HIGHEST_PAYMENT_CENTS = 1_000_000
WORST_ACCURACY_METERS = 100_000
LONGEST_REFERENCE = 35


def read_checkin(body: Any) -> CheckIn:
    fields = _fields(body)
    return CheckIn(
        id=read_id(fields.get("id")),
        shift_id=_whole(fields, "shift_id", 1, 2**63 - 1),
        latitude=_number(fields, "latitude", 90),
        longitude=_number(fields, "longitude", 180),
        source=_source(fields),
        accuracy_meters=_accuracy(fields),
    )


def read_payment(body: Any) -> Payment:
    fields = _fields(body)
    return Payment(
        id=read_id(fields.get("id")),
        shift_id=_whole(fields, "shift_id", 1, 2**63 - 1),
        amount_cents=_whole(fields, "amount_cents", 1, HIGHEST_PAYMENT_CENTS),
        source=_source(fields),
        reference=_reference(fields),
    )


def _reference(fields: dict[str, Any]) -> str | None:
    reference = fields.get("reference")
    if reference is not None and not (isinstance(reference, str) and 0 < len(reference) <= LONGEST_REFERENCE):
        raise Invalid("reference", f"must be a text of 1 to {LONGEST_REFERENCE} characters")
    return reference


def read_id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("id", "must be a UUID that the client made") from error


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Invalid("body", "must be a JSON object")
    return body


def _whole(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Invalid(name, f"must be a whole number from {low} to {high}")
    return value


def _number(fields: dict[str, Any], name: str, limit: int) -> float:
    value = fields.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -limit <= value <= limit:
        raise Invalid(name, f"must be a number from -{limit} to {limit}")
    return float(value)


def _accuracy(fields: dict[str, Any]) -> float | None:
    if fields.get("accuracy_meters") is None:
        return None
    accuracy = _number(fields, "accuracy_meters", WORST_ACCURACY_METERS)
    if accuracy < 0:
        raise Invalid("accuracy_meters", "must not be negative")
    return accuracy


def _source(fields: dict[str, Any]) -> str:
    source = fields.get("source", "app")
    if source not in SOURCES:
        raise Invalid("source", f"must be one of {', '.join(SOURCES)}")
    return str(source)
