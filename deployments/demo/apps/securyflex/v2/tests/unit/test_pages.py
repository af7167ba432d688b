from uuid import uuid4

import pytest

from app import VERSION

PAGES = ["/", "/dashboard", "/gps-checkin"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_with_html_and_the_version(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-app-version"] == VERSION
    assert f'<span id="version">{VERSION}</span>' in answer.text


def test_text_from_the_database_is_escaped(client):
    assert "Harbour &lt;gate&gt;" in client.get("/").text


def test_the_dashboard_shows_what_was_just_done_but_not_what_a_smoke_test_did(client):
    client.post(
        "/api/checkins", json={"id": str(uuid4()), "shift_id": 1, "latitude": 52.1234, "longitude": 4.9}
    )
    smoke = {"id": str(uuid4()), "shift_id": 1, "latitude": 11.5, "longitude": 4.9, "source": "smoke"}
    client.post("/api/checkins", json=smoke)
    client.post("/api/payments", json={"id": str(uuid4()), "shift_id": 1, "amount_cents": 123450})
    page = client.get("/dashboard").text
    assert "52.1234" in page
    assert "11.5" not in page
    assert "€ 1,234.50" in page


def test_an_empty_dashboard_says_so(client):
    assert "Nobody has checked in yet." in client.get("/dashboard").text


@pytest.mark.parametrize("path", ["/static/app.css", "/static/checkin.js"])
def test_styles_and_scripts_come_from_the_app_itself(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == "default-src 'self'"


def test_a_page_that_does_not_exist_is_404_and_still_names_the_version(client):
    answer = client.get("/nothing")
    assert (answer.status_code, answer.headers["x-app-version"]) == (404, VERSION)


def test_a_page_is_503_while_the_database_is_away(client, store):
    store.is_down = True
    answer = client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_the_dashboard_shows_how_accurate_a_check_in_was(client):
    body = {"shift_id": 1, "latitude": 52.1, "longitude": 4.9}
    client.post("/api/checkins", json=body | {"id": str(uuid4()), "accuracy_meters": 7.6})
    client.post("/api/checkins", json=body | {"id": str(uuid4())})
    page = client.get("/dashboard").text
    assert "± 8 m" in page
    assert "unknown" in page
