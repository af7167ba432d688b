import pytest

from app.pace import Pace, settled


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("seconds", "per_minute"), [(0.5, 120), (2, 30), (60, 1)])
def test_the_pace_is_the_number_of_requests_a_minute(seconds, per_minute):
    clock = Clock()
    pace = Pace(clock)
    for _ in range(20):
        clock.now += seconds
        pace.note()
    assert pace.per_minute() == per_minute


def test_nothing_has_no_pace():
    assert Pace(Clock()).per_minute() == 0


def test_a_pause_does_not_change_the_pace():
    assert settled([1.0, 1.0, 1.0, 900.0, 600.0]) == [1.0, 1.0, 1.0]


def test_only_the_latest_gaps_count():
    assert 9.0 not in settled([9.0] * 50 + [1.0] * 25)


def test_the_dashboard_shows_the_pace(client):
    assert "requests a minute right now" in client.get("/dashboard").text
