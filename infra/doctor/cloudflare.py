"""The Cloudflare zone: token, zone, settings, and for each domain its record, its address and its certificate."""

from __future__ import annotations

from functools import partial

from infra.cdn.certificates import read_certificate, resolve
from infra.cdn.cloudflare import CloudflareCdn
from infra.doctor import Check
from infra.environment import Cloudflare, Environment
from infra.errors import Rejected

PART = "cloudflare"


def check_cloudflare(environment: Environment) -> list[Check]:
    """Whether the token may purge shows only when it does."""
    settings = environment.cloudflare
    if settings is None:
        return [Check(PART, "zone", lambda: "none is named: there is no cache to purge and no shield to raise")]
    general = {"token": _token, "zone": _zone, "security level": _level}
    checks = [Check(PART, name, partial(ask, settings)) for name, ask in general.items()]
    for domain in settings.domains:
        checks += [
            Check(PART, f"DNS of {domain}", partial(_record, settings, domain)),
            Check(PART, f"certificate of {domain}", partial(_certificate, settings, domain)),
        ]
    return checks


def _token(settings: Cloudflare) -> str:
    found = CloudflareCdn(settings).token()
    if found.status != "active":
        raise Rejected(f"the token is {found.status}", "make a new one under My Profile, API Tokens")
    return f"active, {'until ' + found.expires_on if found.expires_on else 'without an end'}"


def _zone(settings: Cloudflare) -> str:
    found = CloudflareCdn(settings).zone()
    if not found.is_active:
        raise Rejected(f"{found.name} is not active", f"set its name servers: {', '.join(found.name_servers)}")
    if found.is_paused:
        raise Rejected(f"{found.name} is paused: nothing is cached or shielded", "resume it on its overview page")
    return f"{found.name} is active"


def _level(settings: Cloudflare) -> str:
    return f"{CloudflareCdn(settings).security_level()} (the token may read settings)"


def _record(settings: Cloudflare, domain: str) -> str:
    name = domain.partition(":")[0]
    wild = f"*.{name.partition('.')[2]}"
    found = [one for one in CloudflareCdn(settings).records() if one.name in (name, wild) and one.kind != "TXT"]
    if not found:
        raise Rejected(f"{name} has no record", f"add a CNAME for {name} to the hosting's address, with its proxy on")
    if not found[0].is_proxied:
        raise Rejected(f"{name} leads past Cloudflare to {found[0].content}", "turn its proxy (the orange cloud) on")
    return f"{found[0].kind} to {found[0].content}; resolves to {', '.join(resolve(domain))}"


def _certificate(settings: Cloudflare, domain: str) -> str:
    found = read_certificate(domain)
    if found.days_left < settings.certificate_min_days:
        raise Rejected(
            f"it ends in {found.days_left:.1f} days, under {settings.certificate_min_days:g}",
            f"renew it at {found.issuer}",
        )
    return f"by {found.issuer}, for {found.days_left:.0f} more days"
