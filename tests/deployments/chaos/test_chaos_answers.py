"""What visitors met is measured from their own answers."""

from __future__ import annotations

from pathlib import Path

from deployments.chaos.answers import (
    Answer,
    bad_traffic_seconds,
    dead_traffic_seconds,
    lease_seconds,
    read_answers,
    unavailable_seconds,
)


def steady(version: str, begin: float, end: float, failure: str = "") -> list[Answer]:
    """A hundred a second, each taking 5 ms."""
    return [Answer(begin + n / 100 + 0.005, 0.005, version, failure) for n in range(round((end - begin) * 100))]


def test_a_lease_lasts_until_the_candidates_last_answer() -> None:
    seen = [*steady("live", 0, 10), *steady("new", 2, 7)]
    assert abs(lease_seconds(seen, "new", death=4.0) - 3.0) < 0.02
    assert lease_seconds(seen, "new", death=8.0) == 0.0
    assert lease_seconds(seen, "nobody", death=4.0) == 0.0


def test_time_in_which_most_requests_fail_is_unavailable_and_a_few_failures_are_not() -> None:
    seen = [*steady("live", 0, 3), *steady("none", 3, 4.5, "connection"), *steady("live", 4.5, 6)]
    assert abs(unavailable_seconds(seen, bad="") - 1.5) < 0.15
    few = [*steady("live", 0, 6), Answer(3.0, 0.0, "none", "connection")]
    assert unavailable_seconds(few, bad="") == 0.0


def test_a_request_that_waited_counts_when_it_was_sent() -> None:
    waited = [Answer(1.0 + n / 100 + 5.0, 5.0, "none", "timeout") for n in range(100)]
    assert abs(unavailable_seconds([*steady("live", 0, 1), *waited, *steady("live", 2, 9)], bad="") - 1.0) < 0.15


def test_failures_of_a_bad_version_are_its_own_and_not_unavailability() -> None:
    seen = [*steady("live", 0, 4), *steady("bad", 1, 3, "status"), *steady("bad", 3, 3.5)]
    assert unavailable_seconds(seen, bad="bad") == 0.0
    assert abs(bad_traffic_seconds(seen, "bad") - 2.5) < 0.02
    assert bad_traffic_seconds(seen, "live") == 0.0


def test_a_dead_version_hurts_from_its_death_to_the_last_failure() -> None:
    seen = [*steady("live", 0, 2), *steady("none", 2, 2.4, "status"), *steady("live", 2.4, 5)]
    assert abs(dead_traffic_seconds(seen, death=2.0) - 0.39) < 0.02
    assert dead_traffic_seconds(seen, death=3.0) == 0.0


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "answers.txt").write_text("10.5000 0.5000 v1 ok\n11.0000 0.0100 none connection\n12.0 0.0")
    first, second = read_answers(tmp_path / "answers.txt")
    assert (first.asked, first.failure, second.failure) == (10.0, "", "connection")
