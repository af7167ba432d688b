"""The realtime probe against a server that speaks the same protocol, in all its moods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from deployments.twins.supabase_project import KEY, Mood, SupabaseProjectTwin
from infra.errors import BadInput, PipelineError, Rejected, Unreachable
from infra.realtime.supabase import SupabaseRealtime


@pytest.fixture
def project() -> Iterator[SupabaseProjectTwin]:
    with SupabaseProjectTwin() as found:
        yield found


def test_each_message_comes_back_and_is_timed(project: SupabaseProjectTwin) -> None:
    latency = SupabaseRealtime(project.url, SecretStr(KEY)).measure(messages=4, timeout_seconds=5)
    assert len(latency.messages_ms) == 4
    assert 0 < latency.worst_ms < 5000
    assert [message["event"] for message in project.messages] == ["phx_join", *["broadcast"] * 4]
    assert {message["join_ref"] for message in project.messages} == {"1"}


def test_a_slow_service_is_measured_as_slow(project: SupabaseProjectTwin) -> None:
    project.mood = "slow"
    latency = SupabaseRealtime(project.url, SecretStr(KEY)).measure(messages=1, timeout_seconds=5)
    assert latency.worst_ms >= project.slow_seconds * 1000


def test_the_key_goes_in_headers_and_never_in_the_address(project: SupabaseProjectTwin) -> None:
    SupabaseRealtime(project.url, SecretStr(KEY)).measure(messages=1)
    ((path, headers),) = project.log
    assert path == "/realtime/v1/websocket?vsn=1.0.0"
    assert headers["apikey"] == headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        ("deaf", Unreachable, "nothing came back within 0.3 s"),
        ("closing", Unreachable, "the connection was closed"),
        ("refusing", Rejected, "the subscription was refused: Unauthorized"),
        ("malformed", Rejected, "not JSON"),
    ],
)
def test_each_mood_ends_with_a_typed_error(
    project: SupabaseProjectTwin, mood: Mood, kind: type[PipelineError], words: str
) -> None:
    project.mood = mood
    with pytest.raises(kind, match=words) as caught:
        SupabaseRealtime(project.url, SecretStr(KEY)).measure(messages=1, timeout_seconds=0.3)
    assert caught.value.hint


def test_a_wrong_key_is_refused_and_not_shown(project: SupabaseProjectTwin) -> None:
    with pytest.raises(Rejected, match="answered 401") as caught:
        SupabaseRealtime(project.url, SecretStr("a-wrong-key-0815")).measure()
    assert "a-wrong-key-0815" not in str(caught.value)
    assert "publishable_key" in caught.value.hint


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        SupabaseRealtime("http://127.0.0.1:1", SecretStr(KEY)).measure(timeout_seconds=1)


@pytest.mark.parametrize("messages", [0, 101])
def test_the_number_of_messages_is_bounded(messages: int) -> None:
    with pytest.raises(BadInput, match="messages"):
        SupabaseRealtime("http://127.0.0.1:1", SecretStr(KEY)).measure(messages=messages)
