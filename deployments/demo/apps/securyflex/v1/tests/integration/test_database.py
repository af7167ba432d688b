"""Over a real database with the expanded schema; needs DATABASE_URL."""

import os
from uuid import uuid4

import psycopg
import pytest
from starlette.testclient import TestClient

from app.main import app


@pytest.fixture(scope="module")
def client():
    with TestClient(app) as client:
        yield client


@pytest.fixture
def connection():
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def checkin(**changes):
    return {"id": str(uuid4()), "shift_id": 1, "latitude": 52.370216, "longitude": 4.895168} | changes


def test_the_schema_starts_with_shifts(client):
    assert len(client.get("/api/shifts").json()) == 12
    assert client.get("/api/health").json()["schema_revision"]


@pytest.mark.parametrize("path", ["/", "/dashboard", "/gps-checkin"])
def test_every_page_reads_the_database(client, path):
    assert client.get(path).status_code == 200


def test_an_answered_check_in_is_in_the_database(client, connection):
    body = checkin()
    assert client.post("/api/checkins", json=body).status_code == 201
    row = connection.execute(
        "SELECT shift_id, latitude, longitude FROM checkins WHERE id = %s", (body["id"],)
    )
    assert row.fetchone() == (1, 52.370216, 4.895168)


def test_repeating_a_write_leaves_one_row(client, connection):
    body = {"id": str(uuid4()), "shift_id": 2, "amount_cents": 9900}
    codes = [client.post("/api/payments", json=body).status_code for _ in range(3)]
    count = connection.execute("SELECT count(*) FROM payments WHERE id = %s", (body["id"],)).fetchone()
    assert (codes, count) == ([201, 200, 200], (1,))


def test_an_id_with_other_values_is_refused(client):
    body = checkin()
    client.post("/api/checkins", json=body)
    assert client.post("/api/checkins", json=body | {"shift_id": 2}).status_code == 409


def test_a_shift_that_does_not_exist_is_refused(client):
    assert client.post("/api/checkins", json=checkin(shift_id=10**9)).status_code == 422


def test_connections_that_the_server_closed_are_replaced(client, connection):
    client.get("/api/shifts")
    connection.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    )
    assert client.post("/api/checkins", json=checkin()).status_code == 201
