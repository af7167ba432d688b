"""The gates on names, certificates, realtime, functions and the environment before: each opens, and closes by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from infra.cdn import DnsRecord, Zone
from infra.cdn.certificates import Certificate
from infra.config import parse_table
from infra.environment import Environment
from infra.errors import PipelineError, Rejected, Unreachable
from infra.health import Answered
from infra.realtime import Latency
from tasks import outside_gates as gates
from tasks.gates import ask
from tasks.gates.certificates import check_certificates
from tasks.gates.dns import check_dns, covers
from tasks.gates.proven import check_proven_release
from tasks.gates.realtime import check_functions, check_realtime
from tasks.outcomes import GateClosed
from tasks.outside_gates import outside_gates
from tasks.records import Record, Standing
from tasks.release import Release

ZONE = Zone("example.com", is_active=True, is_paused=False, name_servers=("a.ns", "b.ns"))
RECORD = DnsRecord("app.example.com", "CNAME", "cname.vercel-dns.com", is_proxied=True)
DOMAINS = ("app.example.com",)
RELEASE = Release("v2-1", "staging", "shop", "repo", "v2", "c" * 40, "v2", "/nowhere")


def somewhere(_domain: str) -> list[str]:
    return ["192.0.2.1"]


def fails(error: PipelineError) -> Callable[..., list[str]]:
    def fail(*_: object) -> list[str]:
        raise error

    return fail


def test_names_that_lead_through_the_cache_are_fine() -> None:
    assert "1 domains of example.com" in check_dns(ZONE, [RECORD], DOMAINS, somewhere)


@pytest.mark.parametrize(
    ("zone", "records", "resolve", "words"),
    [
        (replace(ZONE, is_active=False), [RECORD], somewhere, "zone example.com is not active"),
        (replace(ZONE, is_paused=True), [RECORD], somewhere, "is paused"),
        (ZONE, [], somewhere, "app.example.com has no A, AAAA or CNAME record among 0"),
        (ZONE, [replace(RECORD, kind="TXT")], somewhere, "has no A, AAAA or CNAME record among 1"),
        (ZONE, [replace(RECORD, is_proxied=False)], somewhere, "leads past the cache to cname.vercel-dns.com"),
        (ZONE, [RECORD], fails(Unreachable("app.example.com does not resolve", "look")), "does not resolve"),
    ],
)
def test_names_close_the_gate(
    zone: Zone, records: list[DnsRecord], resolve: Callable[[str], list[str]], words: str
) -> None:
    with pytest.raises(GateClosed, match=f"dns: .*{words}") as caught:
        check_dns(zone, records, DOMAINS, resolve)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("record", "name", "is_for"),
    [
        ("app.example.com", "app.example.com", True),
        ("App.Example.com", "app.example.com", True),
        ("*.example.com", "app.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("example.com", "app.example.com", False),
    ],
)
def test_a_record_covers_its_own_name_and_a_wildcard_one_level(record: str, name: str, is_for: bool) -> None:
    assert covers(record, name) is is_for


def test_certificates_must_be_trusted_for_a_while() -> None:
    def good(domain: str) -> Certificate:
        return Certificate(domain, "Test CA", time.time() + 20 * 86_400)

    assert "1 certificates, the first to end is app.example.com's in 20 days" in check_certificates(DOMAINS, 14, good)
    with pytest.raises(GateClosed, match=r"app\.example\.com's ends in 20\.0 days, under 21") as caught:
        check_certificates(DOMAINS, 21, good)
    assert caught.value.hint == "renew it at Test CA"
    with pytest.raises(GateClosed, match="certificates: expired"):
        check_certificates(DOMAINS, 14, fails(Rejected("expired", "renew")))


class Fixed:
    """Realtime that takes so long."""

    def __init__(self, milliseconds: float) -> None:
        self._milliseconds = milliseconds

    def measure(self, messages: int = 5, timeout_seconds: float = 10) -> Latency:
        return Latency(self._milliseconds, (self._milliseconds,) * messages)


def test_realtime_must_be_quick_enough() -> None:
    assert "the slowest of 5 messages took 80 ms" in check_realtime(Fixed(80), 2000)
    with pytest.raises(GateClosed, match="took 2001 ms, over 2000"):
        check_realtime(Fixed(2001), 2000)


def test_functions_must_answer() -> None:
    assert check_functions(lambda: [Answered("function pay", 401, 12.3)]) == "function pay 401 in 12 ms"
    assert check_functions(list) == "none are named"
    with pytest.raises(GateClosed, match="functions: function pay answered 404"):
        check_functions(fails(Rejected("function pay answered 404", "deploy it")))


def test_the_same_commit_must_have_been_promoted_where_it_is_tried_first() -> None:
    promoted = Record(RELEASE, "run", "promoted", time.time() - 7200, time.time() - 3600)
    assert "was promoted in staging 1.0 h ago as v2-1" in check_proven_release([promoted], "shop", "c" * 40, "staging")


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "shop cccccccc was never released in staging"),
        ([Record(replace(RELEASE, version="d" * 40), "run", "promoted", 1.0)], "was never released in staging"),
        ([Record(RELEASE, "run", "rolled back", 1.0, 2.0, "5 % errors")], "ended 'rolled back' in staging: 5 % errors"),
        ([Record(RELEASE, "run", "running", 1.0)], "ended 'running' in staging"),
        (
            [Record(RELEASE, "run", "rolled back", 9.0, 9.0, "late"), Record(RELEASE, "run", "promoted", 1.0, 2.0)],
            "ended 'rolled back'",
        ),
    ],
)
def test_anything_else_there_closes_the_gate(records: list[Record], words: str) -> None:
    with pytest.raises(GateClosed, match=f"proven: .*{words}"):
        check_proven_release(records, "shop", "c" * 40, "staging")


@dataclass
class Seen:
    """A release as far as the gates look at it."""

    settings: Environment
    app: str = "shop"
    version: str = "c" * 40
    environment: str = "production"
    cdn: object = None
    realtime: object = None

    @property
    def platform(self) -> Seen:
        return self

    @property
    def database(self) -> Seen:
        return self

    def ensure(self, _app: str) -> str:
        return "postgresql://nobody@127.0.0.1:1/none"


def environment(**more: object) -> Environment:
    return parse_table(Environment, {"name": "production", "kind": "production", **more}, "production.toml")


def test_a_local_platform_that_stands_alone_has_none_of_these_gates() -> None:
    local = Environment(name="local", kind="local")
    assert outside_gates(cast(Release, Seen(local))) == {}


def test_production_asks_for_staging_and_whoever_names_another_for_that() -> None:
    assert set(outside_gates(cast(Release, Seen(environment())))) == {"proven in staging"}
    named = environment(migrations={"proven_in": "rehearsal"})
    assert set(outside_gates(cast(Release, Seen(named)))) == {"proven in rehearsal"}


@pytest.mark.parametrize("standing", ["promoted", "rolled back"])
def test_the_record_is_read_from_the_store_of_the_environment_before(
    monkeypatch: pytest.MonkeyPatch, standing: Standing
) -> None:
    asked: list[str] = []

    def store_of(found: Environment) -> str:
        asked.append(found.name)
        return found.name

    def records_in(store: str, app: str) -> list[Record]:
        assert (store, app) == ("staging", "shop")
        return [Record(RELEASE, "run", standing, 1.0, 2.0, "why")]

    monkeypatch.setattr(gates, "load_environment", lambda name: Environment(name=name, kind="staging"))
    monkeypatch.setattr(gates, "objects_of", store_of)
    monkeypatch.setattr(gates, "list_records", records_in)
    monkeypatch.setattr(gates, "schema_of", lambda _release, _url: None)
    ((name, gate),) = outside_gates(cast(Release, Seen(environment()))).items()
    (result,) = ask({name: gate})
    assert asked == ["staging"]
    assert result.is_open is (standing == "promoted")
    assert ("it has no migrations" in result.fact) is result.is_open


STAGING = """
name = "staging"
kind = "staging"

[objects]
endpoint = "{endpoint}"
bucket = "records"
backup_bucket = "backups"
key = "env:T_STAGING_KEY"
secret = "env:T_STAGING_WORD"
backup_key = "env:T_STAGING_BACKUP_KEY"
"""


@pytest.mark.parametrize(
    ("key", "said"), [("", "the variable T_STAGING_KEY is not set"), ("planted-4711", "records at http://127.0.0.1:1")]
)
def test_records_that_cannot_be_read_close_their_gate_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, said: str
) -> None:
    monkeypatch.setattr(gates, "PATIENCE_SECONDS", 0.1)
    (tmp_path / "staging.toml").write_text(STAGING.format(endpoint="http://127.0.0.1:1"))
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setenv("T_STAGING_KEY", key)
    monkeypatch.setenv("T_STAGING_WORD", "planted-word-4711")
    proven, other = ask({**outside_gates(cast(Release, Seen(environment()))), "another": lambda: "fine"})
    assert (proven.is_open, other.is_open) == (False, True)
    assert proven.fact.startswith("proven: the records of staging cannot be read here: ")
    assert said in proven.fact
    assert "`pipeline doctor` here" in proven.fact
    assert "planted-word-4711" not in proven.fact


def test_an_environment_before_that_has_no_file_closes_the_gate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path))
    (proven,) = ask(outside_gates(cast(Release, Seen(environment()))))
    assert (proven.is_open, "'staging' does not exist" in proven.fact) == (False, True)
