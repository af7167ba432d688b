"""The SQL store over a database that says what the test wants; the real one is in tests/integration."""

import asyncio
from uuid import uuid4

import pytest
from memory_store import NOON
from psycopg.errors import ForeignKeyViolation

from app.errors import Conflict, Invalid, Missing
from app.records import CheckIn, Payment
from app.store import SqlStore


class Scripted:
    def __init__(self, written=(), read=()):
        self._written, self._read = written, list(read)

    async def write(self, statement, values):
        if isinstance(self._written, Exception):
            raise self._written
        return list(self._written)

    async def rows(self, statement, values=()):
        return self._read

    async def answers(self, statement):
        return self._read


CHECKIN = CheckIn(uuid4(), 1, 52.0, 4.0, "app")
ROW = {**vars(CHECKIN), "created_at": NOON}
PAYMENT_ROW = {**vars(Payment(uuid4(), 1, 500, "app")), "created_at": NOON}


def test_a_new_row_is_new():
    assert asyncio.run(SqlStore(Scripted(written=[ROW])).add_checkin(CHECKIN)) == (CheckIn(**ROW), True)


def test_the_same_row_again_is_not_new():
    assert asyncio.run(SqlStore(Scripted(read=[ROW])).add_checkin(CHECKIN)) == (CheckIn(**ROW), False)


def test_other_values_under_the_same_id_conflict():
    with pytest.raises(Conflict, match="used before"):
        asyncio.run(SqlStore(Scripted(read=[ROW | {"latitude": 1.0}])).add_checkin(CHECKIN))


def test_a_shift_that_does_not_exist_is_bad_input():
    with pytest.raises(Invalid, match="is not a shift"):
        asyncio.run(
            SqlStore(Scripted(written=ForeignKeyViolation())).add_payment(Payment(uuid4(), 9, 1, "app"))
        )


def test_what_is_not_there_is_missing():
    with pytest.raises(Missing):
        asyncio.run(SqlStore(Scripted()).find_checkin(uuid4()))


def test_latest_rows_become_records():
    assert asyncio.run(SqlStore(Scripted(read=[ROW])).latest_checkins(8)) == [CheckIn(**ROW)]
    assert asyncio.run(SqlStore(Scripted(read=[PAYMENT_ROW])).latest_payments(8)) == [Payment(**PAYMENT_ROW)]


def test_the_schema_revision_joins_all_heads():
    heads = [{"version_num": "0002_a"}, {"version_num": "c001_b"}]
    assert asyncio.run(SqlStore(Scripted(read=heads)).schema_revision()) == "0002_a,c001_b"
