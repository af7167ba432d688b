from uuid import uuid4

import pytest

from app import VERSION


def checkin(**changes):
    return {"id": str(uuid4()), "shift_id": 1, "latitude": 52.37, "longitude": 4.9} | changes


def payment(**changes):
    return {"id": str(uuid4()), "shift_id": 1, "amount_cents": 12500} | changes


def test_shifts_are_listed(client):
    (shift,) = client.get("/api/shifts").json()
    assert (shift["site"], shift["guard"], shift["pay_cents"]) == ("Harbour <gate>", "Amira Haddad", 12500)


@pytest.mark.parametrize(("path", "body"), [("/api/checkins", checkin()), ("/api/payments", payment())])
def test_a_write_is_201_the_first_time_and_200_when_it_is_repeated(client, path, body):
    first, second = client.post(path, json=body), client.post(path, json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert body.items() <= first.json().items()


@pytest.mark.parametrize(
    ("path", "body", "change"),
    [("/api/checkins", checkin(), {"latitude": 1.0}), ("/api/payments", payment(), {"amount_cents": 1})],
)
def test_an_id_used_for_something_else_is_409(client, path, body, change):
    client.post(path, json=body)
    assert client.post(path, json=body | change).status_code == 409


def test_a_check_in_can_be_read_back(client):
    body = checkin()
    client.post("/api/checkins", json=body)
    assert client.get(f"/api/checkins/{body['id']}").json()["latitude"] == 52.37
    assert client.get(f"/api/checkins/{uuid4()}").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/checkins", checkin(id="7"), "id"),
        ("/api/checkins", checkin(id=None), "id"),
        ("/api/checkins", checkin(shift_id=True), "shift_id"),
        ("/api/checkins", checkin(shift_id=99), "shift_id"),
        ("/api/checkins", checkin(latitude=90.1), "latitude"),
        ("/api/checkins", checkin(longitude="4.9"), "longitude"),
        ("/api/checkins", checkin(source="me"), "source"),
        ("/api/checkins", checkin(accuracy_meters=-1), "accuracy_meters"),
        ("/api/checkins", checkin(accuracy_meters="8"), "accuracy_meters"),
        ("/api/payments", payment(amount_cents=0), "amount_cents"),
        ("/api/payments", payment(amount_cents=12.5), "amount_cents"),
        ("/api/payments", ["not", "an", "object"], "body"),
    ],
)
def test_bad_input_is_422_and_names_the_field(client, path, body, field):
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["problem"].startswith(field)


def test_a_body_that_is_not_json_is_422(client):
    assert client.post("/api/checkins", content=b"{").status_code == 422


def test_health_tells_version_and_schema_and_turns_503_with_the_database(client, store):
    assert client.get("/api/health").json() == {
        "status": "ok",
        "version": VERSION,
        "schema_revision": "memory",
    }
    store.is_down = True
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


def test_an_unforeseen_error_is_500_and_still_names_the_version(client, store):
    store.shifts = None
    answer = client.get("/api/shifts")
    assert (answer.status_code, answer.headers["x-app-version"]) == (500, VERSION)
    assert "problem" in answer.json()


def test_the_accuracy_of_a_check_in_is_kept_when_it_is_known(client):
    known, unknown = checkin(accuracy_meters=8.5), checkin()
    assert client.post("/api/checkins", json=known).json()["accuracy_meters"] == 8.5
    assert client.post("/api/checkins", json=unknown).json()["accuracy_meters"] is None


def test_a_check_in_that_an_older_version_stored_without_accuracy_is_still_the_same(client):
    body = checkin()
    client.post("/api/checkins", json=body)
    assert client.post("/api/checkins", json=body | {"accuracy_meters": 8.5}).status_code == 200


def test_a_payment_keeps_the_reference_that_the_client_gives_it(client):
    assert client.post("/api/payments", json=payment(reference="INV-2026-7")).json()["reference"] == "INV-2026-7"


def test_a_payment_needs_no_reference(client):
    assert client.post("/api/payments", json=payment()).json()["reference"] is None


def test_a_reference_that_is_no_short_text_is_refused_by_name(client):
    for wrong in ("", "x" * 36, 7):
        answer = client.post("/api/payments", json=payment(reference=wrong))
        assert answer.status_code == 422
        assert "reference" in answer.json()["problem"]
