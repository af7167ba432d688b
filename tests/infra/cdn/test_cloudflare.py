"""Cloudflare's client against its twin: every call by the vendor's document, and every mood with a legal end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import check_declared, check_log, documents
from vendor_data import CLOUDFLARE_ACTS as ACTS
from vendor_data import QUICK, VARIABLES, how_it_ends, vendor_environment

from deployments.twins.cloudflare import CloudflareTwin
from deployments.twins.moods import FOREVER, KINDS, Kind
from infra.cdn import DnsRecord
from infra.cdn.cloudflare import CALLS, PURGE, SET, CloudflareCdn, batches, cloudflare_of
from infra.errors import BadInput, Rejected, Unreachable
from infra.shield import UNDER_ATTACK


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareTwin]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with CloudflareTwin() as found:
        found.state.add_record("app.securyflex.example", "CNAME", "cname.vercel-dns.com")
        yield found


@pytest.fixture
def cdn(twin: CloudflareTwin, tmp_path: Path) -> CloudflareCdn:
    settings = vendor_environment(tmp_path, cloudflare=twin).cloudflare
    assert settings
    return CloudflareCdn(settings, QUICK)


def test_every_request_and_every_answer_is_as_the_document_says(twin: CloudflareTwin, cdn: CloudflareCdn) -> None:
    found = documents("cloudflare.json")
    for act in ACTS.values():
        act(cdn)
    cdn.purge(urls=["https://app.securyflex.example/"])
    cdn.purge()

    checked = check_log(twin, found, CALLS)
    assert [one for one in checked if one.problems or not one.is_described] == []
    assert {one.operation for one in checked} == {call.operation for call in CALLS}
    assert check_declared(found, CALLS) == []


@pytest.mark.parametrize("mood", KINDS)
@pytest.mark.parametrize("operation", ACTS)
def test_every_call_in_every_mood_ends_well_or_with_a_typed_error(
    twin: CloudflareTwin, cdn: CloudflareCdn, operation: str, mood: Kind
) -> None:
    twin.moods.set(operation, mood, times=FOREVER, seconds=0.02)
    ended, text = how_it_ends(lambda: ACTS[operation](cdn))
    assert VARIABLES["T_CLOUDFLARE_TOKEN"] not in text
    assert ended == "well" or "hint: " in text
    assert (
        ended
        in {
            "slow": ("well",),
            "limited": ("Limited",),
            "failing": ("Unreachable", "Unknown"),
            "silent": ("Unreachable", "Unknown"),
            "malformed": ("Refused", "Unknown"),
            "lost": ("Unreachable", "Unknown"),
            "forbidden": ("Refused",),
        }[mood]
    )
    twin.moods.clear()
    # Legal: the level is the old one or the new one, and a purge was done wholly or not at all.
    assert cdn.security_level() in ("medium", "high")
    assert all(purge == {"tags": ["app"]} for purge in twin.state.purges)


@pytest.mark.parametrize("operation", [PURGE.operation, SET.operation])
def test_what_is_harmless_to_repeat_is_repeated_until_it_is_answered(
    twin: CloudflareTwin, cdn: CloudflareCdn, operation: str
) -> None:
    twin.moods.set(operation, "lost", times=2)
    ACTS[operation](cdn)
    assert len(twin.calls(operation)) == 3


def test_more_tags_than_one_call_takes_go_in_several(twin: CloudflareTwin, cdn: CloudflareCdn) -> None:
    tags = [f"tag-{number}" for number in range(65)]
    assert cdn.purge(tags, ["https://a.example/"]) == "65 tags and 1 URLs were purged"
    assert [len(purge.get("tags", [])) for purge in twin.state.purges] == [30, 30, 5, 0]
    assert [tag for some in batches(tags) for tag in some] == tags


def test_without_tags_and_urls_everything_is_purged(twin: CloudflareTwin, cdn: CloudflareCdn) -> None:
    cdn.purge()
    assert twin.state.purges == [{"purge_everything": True}]


def test_the_shield_goes_up_and_down(twin: CloudflareTwin, cdn: CloudflareCdn) -> None:
    before = cdn.security_level()
    cdn.set_security_level(UNDER_ATTACK)
    assert twin.state.level == "under_attack"
    cdn.set_security_level(before)
    assert twin.state.level == "medium"


def test_all_pages_of_records_are_read(twin: CloudflareTwin, cdn: CloudflareCdn) -> None:
    for number in range(230):
        twin.state.add_record(f"r{number}.securyflex.example", "A", "192.0.2.1", is_proxied=False)
    found = cdn.records()
    assert len(found) == 231
    assert found[0] == DnsRecord("app.securyflex.example", "CNAME", "cname.vercel-dns.com", True)


def test_a_no_with_status_200_is_a_no(
    twin: CloudflareTwin, cdn: CloudflareCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = {"success": False, "errors": [{"code": 1007, "message": "not now"}], "messages": [], "result": {}}
    monkeypatch.setattr("deployments.twins.cloudflare._yes", lambda _result: type(twin.error(200, "", ""))(200, no))
    with pytest.raises(Rejected, match="1007: not now"):
        cdn.purge()


def test_a_wrong_token_is_told_without_showing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with CloudflareTwin() as twin:
        monkeypatch.setenv("T_CLOUDFLARE_TOKEN", "another-token-0815")
        settings = vendor_environment(tmp_path, cloudflare=twin).cloudflare
        assert settings
        with pytest.raises(Rejected, match="Authentication error") as caught:
            CloudflareCdn(settings, QUICK).zone()
    assert "another-token-0815" not in str(caught.value)
    assert "token" in caught.value.hint


def test_a_token_that_is_not_set_names_its_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("T_CLOUDFLARE_TOKEN", raising=False)
    with pytest.raises(BadInput, match=r"cloudflare\.token: the variable T_CLOUDFLARE_TOKEN is not set"):
        cloudflare_of(vendor_environment(tmp_path))


def test_silence_is_unreachable(tmp_path: Path, twin: CloudflareTwin) -> None:
    settings = vendor_environment(tmp_path).cloudflare
    assert settings
    with pytest.raises(Unreachable, match="Cloudflare zones-0-get"):
        CloudflareCdn(settings, QUICK).zone()


def test_an_environment_without_a_zone_has_no_cdn(tmp_path: Path) -> None:
    assert cloudflare_of(vendor_environment(tmp_path, cloudflare=None).model_copy(update={"cloudflare": None})) is None
