"""What the app asks of its storage, and the answer in SQL."""

from __future__ import annotations

from typing import Any, LiteralString, Protocol
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from app.errors import Conflict, Invalid, Missing
from app.records import CheckIn, Payment, Shift


class Store(Protocol):
    async def shifts(self) -> list[Shift]: ...
    async def find_checkin(self, id: UUID) -> CheckIn: ...
    async def latest_checkins(self, limit: int) -> list[CheckIn]: ...
    async def latest_payments(self, limit: int) -> list[Payment]: ...
    async def add_checkin(self, checkin: CheckIn) -> tuple[CheckIn, bool]:
        """The stored row, and whether it is new. Raises Conflict when the id stands for other values."""

    async def add_payment(self, payment: Payment) -> tuple[Payment, bool]: ...
    async def schema_revision(self) -> str: ...


class Rows(Protocol):
    """The part of `Database` that the store needs."""

    async def rows(self, statement: LiteralString, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]: ...
    async def write(self, statement: LiteralString, values: tuple[Any, ...]) -> list[dict[str, Any]]: ...
    async def answers(self, statement: LiteralString) -> list[dict[str, Any]]: ...


SHIFTS = """
    SELECT s.id, s.site, u.name AS guard, s.starts_at, s.ends_at, s.pay_cents
    FROM shifts s JOIN users u ON u.id = s.guard_id ORDER BY s.starts_at, s.id"""
FIND_CHECKIN = """
    SELECT id, shift_id, latitude, longitude, source, accuracy_meters, created_at FROM checkins WHERE id = %s"""
LATEST_CHECKINS = """
    SELECT id, shift_id, latitude, longitude, source, accuracy_meters, created_at
    FROM checkins WHERE source = 'app' ORDER BY created_at DESC LIMIT %s"""
ADD_CHECKIN = """
    INSERT INTO checkins (id, shift_id, latitude, longitude, source, accuracy_meters)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING RETURNING id, shift_id, latitude, longitude, source, accuracy_meters, created_at"""
FIND_PAYMENT = "SELECT id, shift_id, amount_cents, source, created_at FROM payments WHERE id = %s"
LATEST_PAYMENTS = """
    SELECT id, shift_id, amount_cents, source, created_at
    FROM payments WHERE source = 'app' ORDER BY created_at DESC LIMIT %s"""
ADD_PAYMENT = """
    INSERT INTO payments (id, shift_id, amount_cents, source) VALUES (%s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING RETURNING id, shift_id, amount_cents, source, created_at"""


class SqlStore:
    def __init__(self, database: Rows) -> None:
        self._database = database

    async def shifts(self) -> list[Shift]:
        return [Shift(**row) for row in await self._database.rows(SHIFTS)]

    async def find_checkin(self, id: UUID) -> CheckIn:
        return CheckIn(**await self._one(FIND_CHECKIN, id))

    async def latest_checkins(self, limit: int) -> list[CheckIn]:
        return [CheckIn(**row) for row in await self._database.rows(LATEST_CHECKINS, (limit,))]

    async def latest_payments(self, limit: int) -> list[Payment]:
        return [Payment(**row) for row in await self._database.rows(LATEST_PAYMENTS, (limit,))]

    async def add_checkin(self, checkin: CheckIn) -> tuple[CheckIn, bool]:
        place = (checkin.latitude, checkin.longitude)
        values = (checkin.id, checkin.shift_id, *place, checkin.source, checkin.accuracy_meters)
        row, is_new = await self._add(ADD_CHECKIN, FIND_CHECKIN, values, decisive=5)
        return CheckIn(**row), is_new

    async def add_payment(self, payment: Payment) -> tuple[Payment, bool]:
        values = (payment.id, payment.shift_id, payment.amount_cents, payment.source)
        row, is_new = await self._add(ADD_PAYMENT, FIND_PAYMENT, values, decisive=4)
        return Payment(**row), is_new

    async def schema_revision(self) -> str:
        """Heads of the migration history that this database has, joined by commas."""
        rows = await self._database.answers("SELECT version_num FROM alembic_version ORDER BY version_num")
        return ",".join(row["version_num"] for row in rows)

    async def _add(
        self, add: LiteralString, find: LiteralString, values: tuple[Any, ...], decisive: int
    ) -> tuple[dict[str, Any], bool]:
        """A row that is there already must agree in its first `decisive` values.

        An older version that stored the same request knew nothing of the columns added since.
        """
        try:
            rows = await self._database.write(add, values)
        except ForeignKeyViolation as error:
            raise Invalid("shift_id", f"{values[1]} is not a shift") from error
        if rows:
            return rows[0], True
        stored = await self._one(find, values[0])
        if tuple(stored.values())[:decisive] != values[:decisive]:
            raise Conflict(f"{values[0]} was used before with other values")
        return stored, False

    async def _one(self, statement: LiteralString, id: UUID) -> dict[str, Any]:
        rows = await self._database.rows(statement, (id,))
        if not rows:
            raise Missing(f"there is nothing with the id {id}")
        return rows[0]
