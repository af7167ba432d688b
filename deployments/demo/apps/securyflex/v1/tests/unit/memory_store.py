"""The storage of the unit tests: dictionaries that keep the promises of `app.store.Store`."""

from datetime import datetime, timezone

from app.errors import Conflict, Invalid, Missing, Unavailable
from app.records import Shift

NOON = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


class MemoryStore:
    def __init__(self):
        self._shifts = [Shift(1, "Harbour <gate>", "S-101", "Amira Haddad", NOON, NOON, 12500)]
        self._checkins = {}
        self._payments = {}
        self.is_down = False

    async def shifts(self):
        self._check()
        return self._shifts

    async def find_checkin(self, id):
        self._check()
        if id not in self._checkins:
            raise Missing(f"there is nothing with the id {id}")
        return self._checkins[id]

    async def latest_checkins(self, limit):
        return [row for row in reversed(self._checkins.values()) if row.source == "app"][:limit]

    async def latest_payments(self, limit):
        return [row for row in reversed(self._payments.values()) if row.source == "app"][:limit]

    async def add_checkin(self, checkin):
        return self._add(self._checkins, checkin)

    async def add_payment(self, payment):
        return self._add(self._payments, payment)

    async def schema_revision(self):
        self._check()
        return "memory"

    def _check(self):
        if self.is_down:
            raise Unavailable("the database gave no answer within 0 s")

    def _add(self, table, row):
        self._check()
        if row.shift_id not in [shift.id for shift in self._shifts]:
            raise Invalid("shift_id", f"{row.shift_id} is not a shift")
        stored = table.get(row.id)
        if stored is None:
            fields = {name: value for name, value in vars(row).items() if name != "created_at"}
            table[row.id] = type(row)(**fields, created_at=NOON)
        elif self._decisive(stored) != self._decisive(row):
            raise Conflict(f"{row.id} was used before with other values")
        return table[row.id], stored is None

    def _decisive(self, row):
        return {name: value for name, value in vars(row).items() if name != "created_at"}
