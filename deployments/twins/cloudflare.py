"""Cloudflare's twin: one zone with its DNS records, its settings, and a cache whose purges are remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployments.twins.server import Twin, VendorError, route
from deployments.twins.wire import Reply, Request

TOKEN = "cloudflare-token-of-the-twin-0123456789"  # it opens nothing but the twin
ZONE = "0123456789abcdef0123456789abcdef"
LEVELS = ("off", "essentially_off", "low", "medium", "high", "under_attack")
CHANGED = "2026-01-02T03:04:05.000000Z"
CODES = {400: 1004, 401: 10000, 403: 9109, 404: 7003, 429: 10429, 503: 10503}
MOST_AT_ONCE = 30


@dataclass
class CloudflareState:
    """What the zone is. `purges` are the bodies of purges that were done."""

    name: str = "securyflex.example"
    status: str = "active"
    is_paused: bool = False
    token_status: str = "active"
    level: str = "medium"
    records: list[dict[str, Any]] = field(default_factory=list)
    purges: list[dict[str, Any]] = field(default_factory=list)

    def add_record(self, name: str, kind: str, content: str, *, is_proxied: bool = True) -> None:
        """One more DNS record."""
        number = len(self.records) + 1
        self.records.append(
            {
                "id": f"{number:032x}",
                "zone_id": ZONE,
                "zone_name": self.name,
                "name": name,
                "type": kind,
                "content": content,
                "proxied": is_proxied,
                "proxiable": True,
                "ttl": 1,
                "locked": False,
                "tags": [],
                "comment": "",
                "created_on": CHANGED,
                "modified_on": CHANGED,
                "meta": {"auto_added": False, "source": "primary"},
            }
        )


class CloudflareTwin(Twin):
    """Moods are set by operation; the state may be changed by a test at any time."""

    vendor = "cloudflare"

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.state = CloudflareState()
        self.token = token
        super().__init__(port)

    def error(self, status: int, code: str, message: str) -> Reply:
        """A no in Cloudflare's envelope; its codes are numbers."""
        errors = [{"code": CODES.get(status, 1000), "message": message}]
        return Reply(status, {"success": False, "errors": errors, "messages": [], "result": None})

    def admit(self, request: Request) -> None:
        """Raises VendorError for another token."""
        if request.bearer != self.token:
            raise VendorError(401, "authentication", "Authentication error")

    @route("GET", "/user/tokens/verify", "user-api-tokens-verify-token")
    def verify(self, _request: Request) -> Reply:
        """Whether the token is good."""
        return _yes({"id": "f" * 32, "status": self.state.token_status, "expires_on": "2027-01-01T00:00:00Z"})

    @route("GET", "/zones/{zone_id}", "zones-0-get")
    def zone(self, request: Request) -> Reply:
        """The zone as it is."""
        self._check_zone(request)
        account = {"id": "a" * 32, "name": "SecuryFlex"}
        owner = {"id": "b" * 32, "name": "SecuryFlex", "type": "organization"}
        return _yes(
            {
                "id": ZONE,
                "name": self.state.name,
                "status": self.state.status,
                "paused": self.state.is_paused,
                "type": "full",
                "development_mode": 0,
                "name_servers": ["anna.ns.cloudflare.com", "bert.ns.cloudflare.com"],
                "original_name_servers": None,
                "original_registrar": None,
                "original_dnshost": None,
                "created_on": CHANGED,
                "modified_on": CHANGED,
                "activated_on": CHANGED,
                "account": account,
                "owner": owner,
                "meta": {"step": 2},
            }
        )

    @route("GET", "/zones/{zone_id}/dns_records", "dns-records-for-a-zone-list-dns-records")
    def records(self, request: Request) -> Reply:
        """One page of the records."""
        self._check_zone(request)
        page, size = int(request.query.get("page", "1")), int(request.query.get("per_page", "100"))
        some = self.state.records[(page - 1) * size : page * size]
        info = {"page": page, "per_page": size, "count": len(some), "total_count": len(self.state.records)}
        reply = _yes(some)
        reply.data["result_info"] = info
        return reply

    @route("GET", "/zones/{zone_id}/settings/{setting_id}", "zone-settings-get-single-setting")
    def setting(self, request: Request) -> Reply:
        """The security level, the only setting that the twin has."""
        self._check_setting(request)
        return _yes(self._level())

    @route("PATCH", "/zones/{zone_id}/settings/{setting_id}", "zone-settings-edit-single-setting")
    def change(self, request: Request) -> Reply:
        """Another security level."""
        self._check_setting(request)
        level = request.data["value"]
        if level not in LEVELS:
            raise VendorError(400, "invalid", f"Invalid value for zone setting security_level: {level}")
        self.state.level = level
        return _yes(self._level())

    @route("POST", "/zones/{zone_id}/purge_cache", "zone-purge")
    def purge(self, request: Request) -> Reply:
        """Remember what was purged."""
        self._check_zone(request)
        body = request.data
        if len(body) != 1 or not set(body) <= {"purge_everything", "tags", "files", "hosts", "prefixes"}:
            raise VendorError(400, "invalid", "Request must contain one of purge_everything, files, tags, hosts")
        if any(isinstance(value, list) and not 1 <= len(value) <= MOST_AT_ONCE for value in body.values()):
            raise VendorError(400, "invalid", f"You may only purge 1 to {MOST_AT_ONCE} at a time")
        self.state.purges.append(body)
        return _yes({"id": ZONE})

    def _level(self) -> dict[str, Any]:
        return {"id": "security_level", "value": self.state.level, "editable": True, "modified_on": CHANGED}

    def _check_zone(self, request: Request) -> None:
        if request.values["zone_id"] != ZONE:
            raise VendorError(
                404, "not_found", "Could not route to this zone: perhaps your object identifier is invalid"
            )

    def _check_setting(self, request: Request) -> None:
        self._check_zone(request)
        if request.values["setting_id"] != "security_level":
            raise VendorError(404, "not_found", f"Undefined zone setting: {request.values['setting_id']}")


def _yes(result: Any) -> Reply:
    return Reply(200, {"success": True, "errors": [], "messages": [], "result": result})
