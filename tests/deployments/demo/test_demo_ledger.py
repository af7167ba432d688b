"""The ledger finds every acknowledged write that is gone or changed, and says so when it cannot look."""

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from deployments.demo.ledger import Entry, LedgerWriter, check_ledger, read_ledger
from infra.errors import BadInput, Rejected, Unreachable

TABLES = """
    CREATE TABLE checkins (id uuid PRIMARY KEY, shift_id bigint, latitude double precision, longitude double precision);
    CREATE TABLE payments (id uuid PRIMARY KEY, shift_id bigint, amount_cents bigint);
"""


def entry(kind: str = "checkin", **values: int | float) -> Entry:
    place = {"shift_id": 1, "latitude": 52.370216, "longitude": 4.1}
    return Entry(uuid4(), kind, values or place, 1.5, "v1")


def written(path: Path, *entries: Entry) -> Path:
    writer = LedgerWriter(path)
    for one in entries:
        writer.add(one)
    writer.close()
    return path


@pytest.fixture
def connection(database_url: str) -> psycopg.Connection:
    connection = psycopg.connect(database_url, autocommit=True)
    connection.execute(TABLES)
    return connection


def store(connection: psycopg.Connection, *entries: Entry) -> None:
    for one in entries:
        table = "checkins" if one.kind == "checkin" else "payments"
        marks = ", ".join(["%s"] * (1 + len(one.values)))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", (one.uuid, *one.values.values()))


def test_what_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    entries = [entry(), entry("payment", shift_id=2, amount_cents=500)]
    assert list(read_ledger(written(tmp_path / "l", *entries))) == entries


def test_a_second_writer_appends(tmp_path: Path) -> None:
    first, second = entry(), entry()
    written(tmp_path / "l", first)
    assert list(read_ledger(written(tmp_path / "l", second))) == [first, second]


def test_a_last_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "l", entry(), entry())
    path.write_bytes(path.read_bytes()[:-7])
    assert len(list(read_ledger(path))) == 1


@pytest.mark.parametrize("line", ["{", "[]", '{"uuid": "7"}', f'{{"uuid": "{UUID(int=7)}", "kind": "checkin"}}'])
def test_any_other_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "l", entry())
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(BadInput, match="ledger line 2"):
        list(read_ledger(path))


def test_a_kind_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"kind 'refund'\n  hint: known: checkin, payment"):
        list(read_ledger(written(tmp_path / "l", entry("refund", amount_cents=1))))


def test_a_missing_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_ledger(tmp_path / "nothing"))


def test_all_rows_there_with_their_values_is_kept(
    tmp_path: Path, connection: psycopg.Connection, database_url: str
) -> None:
    entries = [entry(), entry("payment", shift_id=2, amount_cents=500)]
    store(connection, *entries)
    checked = check_ledger(written(tmp_path / "l", *entries), database_url)
    assert (checked.acknowledged, checked.found, checked.is_kept) == (2, 2, True)


def test_lost_and_different_rows_are_named(tmp_path: Path, connection: psycopg.Connection, database_url: str) -> None:
    kept, lost, changed = entry(), entry(), entry("payment", shift_id=2, amount_cents=500)
    store(connection, kept, changed)
    connection.execute("UPDATE payments SET amount_cents = 501")
    checked = check_ledger(written(tmp_path / "l", kept, lost, changed), database_url)
    assert (checked.acknowledged, checked.found, checked.lost, checked.is_kept) == (3, 2, (lost.uuid,), False)
    (difference,) = checked.different
    assert (difference.uuid, difference.found["amount_cents"]) == (changed.uuid, 501)


def test_many_writes_are_compared_in_bulk(tmp_path: Path, connection: psycopg.Connection, database_url: str) -> None:
    place = {"shift_id": 1, "latitude": 1.0, "longitude": 2.0}
    entries = [Entry(UUID(int=number), "checkin", place, 0.0, "v1") for number in range(12_000)]
    connection.execute(
        "INSERT INTO checkins SELECT lpad(to_hex(n), 32, '0')::uuid, 1, 1, 2 FROM generate_series(0, 11998) n"
    )
    checked = check_ledger(written(tmp_path / "l", *entries), database_url)
    assert (checked.found, checked.lost) == (11_999, (UUID(int=11_999),))


def test_a_database_that_does_not_answer_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="reading 1 writes back"):
        check_ledger(written(tmp_path / "l", entry()), "postgresql://demo@127.0.0.1:1/none")


def test_a_database_without_the_tables_is_refused(tmp_path: Path, database_url: str) -> None:
    with pytest.raises(Rejected, match="does not exist"):
        check_ledger(written(tmp_path / "l", entry()), database_url)
