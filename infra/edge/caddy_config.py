"""The configuration of Caddy. It says nothing about versions: those it reads from a site's route file on each request.

Everything here was chosen by watching Caddy 2.11; the reason stands beside each choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.edge.route_file import PATTERN, RouteFile
from infra.flags import VARIANT_HEADER
from infra.ports import LOOPBACK

Json = dict[str, Any]
_NO_SHARE: Json = {"vars": {"share": [""]}}
# Also true of no share at all. Ten digits each, so texts compare as numbers do.
_IS_OVER: Json = {"expression": "string({http.vars.until}) < string({time.now.unix})"}
COOKIE_SECONDS = 30 * 24 * 3600
NOTHING_LIVE = "No version of this app is live here yet.\n"


def whole(folder: Path, descriptors: Mapping[int, int], admin_port: int, *, sticky: bool) -> Json:
    """The whole configuration. `descriptors` gives each site's port the number of its inherited listening socket."""
    sites = {_site_name(port): _site(folder, port, fd, sticky) for port, fd in descriptors.items()}
    logs = {_site_name(port): _access_log(folder, port) for port in descriptors}
    return {
        "admin": {"listen": f"{LOOPBACK}:{admin_port}", "config": {"persist": False}},
        "logging": {"logs": {"default": _own_log(folder)} | logs},
        # A stop waits this long for requests in flight.
        "apps": {"http": {"grace_period": "10s", "servers": sites}},
    }


def own_log(folder: Path) -> Path:
    """Where Caddy says what went wrong."""
    return folder / "caddy.log"


def access_log(folder: Path, port: int) -> Path:
    """Where a site's finished requests are written, one JSON object a line."""
    return folder / f"access-{port}.log"


def slot_names(port: int) -> tuple[str, str]:
    """What Caddy calls the targets of blue and green. Caddy shares what it knows of a target among all that
    bear the same name, so each site has names of its own."""
    return f"{{http.vars.blue-{port}}}", f"{{http.vars.green-{port}}}"


def _site_name(port: int) -> str:
    return f"site-{port}"


def _site(folder: Path, port: int, descriptor: int, sticky: bool) -> Json:
    file = RouteFile(folder, port)
    blue, green = slot_names(port)
    return {
        # An inherited socket loses less in a reload: of 3,400 new connections in 100 reloads, 6 against 45.
        "listen": [f"fd/{descriptor}"],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "logs": {"default_logger_name": _site_name(port)},
        "routes": [
            {"handle": _read(file.path, port)},
            {"match": [_IS_OVER], "handle": _read(file.safe, port)},
            {"match": [_NO_SHARE], "handle": [_nothing_live()], "terminal": True},
            {"handle": [_bucket(port, sticky), {"handler": "vars", "slot": "blue", "own": blue}]},
            {
                "match": [{"expression": "'0' + string({bucket}) < string({http.vars.share})"}],
                "handle": [{"handler": "vars", "slot": "green", "own": green}],
            },
            *([_remember_bucket(port)] if sticky else []),
            {"handle": [_mark(), *_logged()]},
            {"match": [{"vars": {"slot": ["green"]}}], "handle": [_proxy(green, blue)], "terminal": True},
            {"handle": [_proxy(blue, green)]},
        ],
    }


def _read(path: Path, port: int) -> list[Json]:
    """Variables out of the route file, all empty when it is damaged.

    Variables, because each use of a {file...} placeholder reads the file again, and each use of a map's
    output runs its pattern again.
    """
    split_up = {
        "handler": "map",
        "source": "{http.vars.route}",
        "destinations": ["{share}", "{blue}", "{green}", "{until}"],
        "mappings": [{"input_regexp": PATTERN, "outputs": ["${1}", "${2}", "${3}", "${4}"]}],
        "defaults": ["", "", "", ""],
    }
    kept = {
        "handler": "vars",
        "share": "{share}",
        "until": "{until}",
        f"blue-{port}": "{blue}",
        f"green-{port}": "{green}",
    }
    return [{"handler": "vars", "route": f"{{file.{path}}}"}, split_up, kept]


def _nothing_live() -> Json:
    return {
        "handler": "static_response",
        "status_code": 503,
        "body": NOTHING_LIVE,
        "headers": {"Retry-After": ["5"], "Cache-Control": ["no-store"]},
    }


def _cookie(port: int) -> str:
    # Browsers do not tell ports apart, so two apps on one machine need two names.
    return f"edge-bucket-{port}"


def _bucket(port: int, sticky: bool) -> Json:
    """Four hex digits: those of the visitor's cookie, else the last four of the request's random id."""
    again = {"input_regexp": "^([0-9a-f]{4}) ", "outputs": ["${1}", "again"]}
    first = {"input_regexp": "([0-9a-f]{4})$", "outputs": ["${1}", "first"]}
    cookie = f"{{http.request.cookie.{_cookie(port)}}}" if sticky else ""
    return {
        "handler": "map",
        "source": f"{cookie} {{http.request.uuid}}",
        "destinations": ["{bucket}", "{visit}"],
        "mappings": [again, first],
    }


def _remember_bucket(port: int) -> Json:
    cookie = f"{_cookie(port)}={{bucket}}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
    return {
        "match": [{"vars": {"{visit}": ["first"]}}],
        "handle": [{"handler": "headers", "response": {"add": {"Set-Cookie": [cookie]}}}],
    }


def _mark() -> Json:
    """Visitors may know their slot, and nothing else about what stands behind the edge."""
    response = {"deferred": True, "set": {"X-Slot": ["{http.vars.slot}"]}, "delete": ["Via"]}
    return {"handler": "headers", "response": response}


def _logged() -> list[Json]:
    fields = {
        "slot": "{http.vars.slot}",
        "own": "{http.vars.own}",
        "by": "{http.reverse_proxy.upstream.hostport}",
        "header_ms": "{http.reverse_proxy.upstream.latency_ms}",
        "type": "{http.response.header.Content-Type}",
        "variant": f"{{http.response.header.{VARIANT_HEADER}}}",
    }
    return [{"handler": "log_append", "key": key, "value": value} for key, value in fields.items()]


def _proxy(own: str, beside: str) -> Json:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": own}, {"dial": beside}],
        "load_balancing": {
            "selection_policy": {"policy": "first"},
            "try_duration": "2s",
            "try_interval": "5ms",
            "retry_match": [{"expression": _may_repeat(own, beside)}],
        },
        # Just long enough that the retry goes to the other slot: whoever comes meanwhile goes there too and
        # counts against this slot. Answers of the app, 500 among them, never count here. There is no active
        # check: it would need a reload for each app's health path, and would hide a failing app's answers.
        "health_checks": {"passive": {"fail_duration": "15ms", "max_fails": 1}},
        "transport": {
            "protocol": "http",
            "dial_timeout": "1s",
            # An app that hangs must become a failure some day.
            "response_header_timeout": "60s",
            "compression": False,
            # Shorter than the 5 s after which Node and uvicorn hang up, or a POST meets a closed connection.
            "keep_alive": {"idle_timeout": "2s", "max_idle_conns_per_host": 128},
        },
    }


def _may_repeat(own: str, beside: str) -> str:
    """Whether a request whose connection broke is tried again. (One that was refused always is, for 2 s.)

    It may have reached the app, so only if it is safe to repeat; and once, in the other slot, because a
    request that kills the app must not be sent to it a hundred times. Caddy asks after good answers too,
    and would throw them away: the first condition keeps them.
    """
    conditions = (
        "{http.reverse_proxy.is_transport_error} == true",
        "{http.request.method} in ['GET', 'HEAD', 'OPTIONS']",
        f"{{http.reverse_proxy.upstream.hostport}} == {own}",
        f"{own} != {beside}",
    )
    return " && ".join(conditions)


def _own_log(folder: Path) -> Json:
    return {
        "level": "WARN",
        "writer": _rolled(own_log(folder), size_mb=5, keep=1),
        "encoder": _without("request", "err_trace"),
        "exclude": ["http.log.access"],
    }


def _access_log(folder: Path, port: int) -> Json:
    """The proxy's warnings too: a broken answer has no proper line of its own."""
    return {
        "writer": _rolled(access_log(folder, port), size_mb=16, keep=3),
        "encoder": _without("request", "resp_headers", "user_id", "bytes_read", "uuid"),
        "include": [f"http.log.access.{_site_name(port)}", "http.handlers.reverse_proxy"],
    }


def _rolled(path: Path, *, size_mb: int, keep: int) -> Json:
    return {
        "output": "file",
        "filename": str(path),
        "mode": "0600",
        "roll_size_mb": size_mb,
        "roll_keep": keep,
        "roll_gzip": False,
    }


def _without(*fields: str) -> Json:
    """JSON lines without what is personal (addresses, URLs, headers) or never read."""
    plain = {"format": "json", "time_format": "unix_seconds_float"}
    return {"format": "filter", "wrap": plain, "fields": {field: {"filter": "delete"} for field in fields}}
