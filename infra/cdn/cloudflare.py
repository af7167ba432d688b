"""One zone at Cloudflare, through its API v4 (`cloudflare.json`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from infra.cdn import DnsRecord, Zone
from infra.environment import Cloudflare, Environment
from infra.environment.secret import read_secret
from infra.http import Answer, Api, Call, Patience, Service
from infra.http.answer import Record
from infra.http.errors import refused

VENDOR = "Cloudflare"
SOURCE = "cloudflare.json"
PURGED_AT_ONCE = 30  # tags or URLs in one call: the least that any plan takes
PAGE = 100
MOST_PAGES = 50

VERIFY = Call(VENDOR, "user-api-tokens-verify-token", "GET", "/user/tokens/verify", SOURCE)
ZONE = Call(VENDOR, "zones-0-get", "GET", "/zones/{zone_id}", SOURCE)
# Purging twice is purging once, and a setting that is set again stays as it is.
PURGE = Call(VENDOR, "zone-purge", "POST", "/zones/{zone_id}/purge_cache", SOURCE, is_idempotent=True)
_SETTING = "/zones/{zone_id}/settings/{setting_id}"
SETTING = Call(VENDOR, "zone-settings-get-single-setting", "GET", _SETTING, SOURCE)
SET = Call(VENDOR, "zone-settings-edit-single-setting", "PATCH", _SETTING, SOURCE, is_idempotent=True)
RECORDS = Call(VENDOR, "dns-records-for-a-zone-list-dns-records", "GET", "/zones/{zone_id}/dns_records", SOURCE)
CALLS = (VERIFY, ZONE, PURGE, SETTING, SET, RECORDS)

Result = TypeVar("Result")


class Pages(Record):
    """Of a list: how many there are in all."""

    total_count: int = 0


class Envelope(Record, Generic[Result]):
    """Every answer. A no may come with status 200."""

    success: bool
    result: Result
    result_info: Pages | None = None


class TokenFacts(Record):
    """`status` is active, disabled or expired."""

    status: str
    expires_on: str | None = None


class _Zone(Record):
    name: str
    status: str = ""
    paused: bool = False
    name_servers: tuple[str, ...] = ()


class _Setting(Record):
    value: str


class _DnsRecord(Record):
    name: str
    type: str
    content: str
    proxied: bool = False


class CloudflareCdn:
    """The zone that `[cloudflare]` names: a Cdn, and a Shield."""

    shield_name = VENDOR
    usual_level = "medium"  # what Cloudflare gives a new zone

    def __init__(self, settings: Cloudflare, patience: Patience | None = None, timeout_seconds: float = 30.0) -> None:
        token = read_secret("cloudflare.token", settings.token)
        self._api = Api(Service(VENDOR, settings.api, token, {}, patience or Patience(), timeout_seconds))
        self._zone = {"zone_id": settings.zone}
        self._level = {**self._zone, "setting_id": "security_level"}

    def purge(self, tags: Sequence[str] = (), urls: Sequence[str] = ()) -> str:
        """Forget what is cached under these, or everything when none are given; in words. Harmless to repeat."""
        if not tags and not urls:
            self._purge({"purge_everything": True})
            return "everything was purged"
        for some in batches(tags):
            self._purge({"tags": some})
        for some in batches(urls):
            self._purge({"files": some})
        return f"{len(tags)} tags and {len(urls)} URLs were purged"

    def security_level(self) -> str:
        """How suspicious the shield is: off, essentially_off, low, medium, high or under_attack."""
        return _result(self._api.ask(SETTING, self._level), _Setting).value

    def set_security_level(self, level: str) -> None:
        """Harmless to repeat."""
        _result(self._api.ask(SET, self._level, body={"value": level}), _Setting)

    def zone(self) -> Zone:
        """The domain as it is now."""
        found = _result(self._api.ask(ZONE, self._zone), _Zone)
        return Zone(found.name, found.status == "active", found.paused, found.name_servers)

    def records(self) -> list[DnsRecord]:
        """All DNS records, page by page."""
        found = list[_DnsRecord]()
        for page in range(1, MOST_PAGES + 1):
            query = {"page": str(page), "per_page": str(PAGE)}
            envelope = _envelope(self._api.ask(RECORDS, self._zone, query=query), list[_DnsRecord])
            found += envelope.result
            if not envelope.result or len(found) >= (envelope.result_info or Pages()).total_count:
                break
        return [DnsRecord(one.name, one.type, one.content, one.proxied) for one in found]

    def token(self) -> TokenFacts:
        """Whether the token is good, and until when."""
        return _result(self._api.ask(VERIFY), TokenFacts)

    def _purge(self, body: dict[str, object]) -> None:
        _envelope(self._api.ask(PURGE, self._zone, body=body), object)


def cloudflare_of(environment: Environment) -> CloudflareCdn | None:
    """The zone in front of an environment; None where there is none."""
    return CloudflareCdn(environment.cloudflare) if environment.cloudflare else None


def batches(values: Sequence[str]) -> Iterator[list[str]]:
    """As many as one call takes, in order."""
    rest = iter(values)
    while some := list(itertools.islice(rest, PURGED_AT_ONCE)):
        yield some


def _envelope(answer: Answer, kind: type[Result]) -> Envelope[Result]:
    envelope = answer.read(Envelope[kind])  # type: ignore[valid-type] # pydantic builds the class at run time
    if not envelope.success:
        raise refused(answer.call, answer.response)
    return envelope


def _result(answer: Answer, kind: type[Result]) -> Result:
    return _envelope(answer, kind).result
