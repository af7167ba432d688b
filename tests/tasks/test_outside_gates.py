"""The gates on names, certificates, realtime, functions and the environment before: each opens, and closes by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.cdn import DnsRecord, Zone
from infra.cdn.certificates import Certificate
from infra.errors import PipelineError, Rejected, Unreachable
from infra.health import Answered
from infra.realtime import Latency
from tasks.gates.certificates import check_certificates
from tasks.gates.dns import check_dns, covers
from tasks.gates.proven import check_proven_release
from tasks.gates.realtime import check_functions, check_realtime
from tasks.outcomes import GateClosed
from tasks.records import Record
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
