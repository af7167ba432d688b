"""The gate on names: every domain that visitors use has its record, leads somewhere, and goes through the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infra.cdn import DnsRecord, Zone
from infra.errors import PipelineError
from tasks.outcomes import GateClosed

LEADS = ("A", "AAAA", "CNAME")
Resolve = Callable[[str], list[str]]


def check_dns(zone: Zone, records: Sequence[DnsRecord], domains: Sequence[str], resolve: Resolve) -> str:
    """Open when all of it holds. `resolve` gives the addresses of a domain now, or raises Unreachable."""
    if not zone.is_active:
        raise GateClosed(
            f"dns: zone {zone.name} is not active", f"set its name servers: {', '.join(zone.name_servers)}"
        )
    if zone.is_paused:
        raise GateClosed(f"dns: zone {zone.name} is paused: nothing is cached or shielded", "resume it")
    for domain in domains:
        _check_one(domain, records, resolve)
    return f"{len(domains)} domains of {zone.name} lead through the cache: {', '.join(domains)}"


def _check_one(domain: str, records: Sequence[DnsRecord], resolve: Resolve) -> None:
    name = domain.partition(":")[0]
    found = [record for record in records if record.kind in LEADS and covers(record.name, name)]
    if not found:
        raise GateClosed(f"dns: {name} has no A, AAAA or CNAME record among {len(records)}", f"add one for {name}")
    direct = [record for record in found if not record.is_proxied]
    if direct:
        raise GateClosed(
            f"dns: {name} leads past the cache to {direct[0].content}", "turn its proxy (the orange cloud) on"
        )
    try:
        resolve(domain)
    except PipelineError as error:
        raise GateClosed(f"dns: {error.message}", error.hint) from error


def covers(record: str, name: str) -> bool:
    """Whether a record, which may begin with `*.`, is for a name."""
    if record.startswith("*."):
        return name.partition(".")[2] == record[2:]
    return record.lower() == name.lower()
