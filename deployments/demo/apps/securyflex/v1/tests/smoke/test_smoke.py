"""Against a running copy at BASE_URL, which may share its database with live traffic."""

import os
from uuid import uuid4

import httpx
import pytest

from app import VERSION


@pytest.fixture(scope="module")
def client():
    with httpx.Client(base_url=os.environ["BASE_URL"], timeout=10) as client:
        yield client


def test_it_is_healthy_and_is_this_version(client):
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()["version"]) == (200, VERSION)


@pytest.mark.parametrize("path", ["/", "/dashboard", "/gps-checkin"])
def test_every_page_answers(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["x-app-version"]) == (200, VERSION)
    assert "SecuryFlex" in answer.text


def test_a_check_in_goes_there_and_back(client):
    shift = client.get("/api/shifts").json()[0]
    body = {
        "id": str(uuid4()),
        "shift_id": shift["id"],
        "latitude": 52.5,
        "longitude": 4.5,
        "source": "smoke",
    }
    assert client.post("/api/checkins", json=body).status_code == 201
    assert body.items() <= client.get(f"/api/checkins/{body['id']}").json().items()
