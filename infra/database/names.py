"""Names that may go into a cluster: of an app's role and database, of scratch databases and of restore points."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.errors import BadInput

_APP = re.compile(r"[a-z][a-z0-9-]{2,39}")
_POINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_SCRATCH = re.compile(r"[a-z][a-z0-9-]{2,39}_scratch_[0-9a-f]{8}")
_RESERVED = ("postgres", "template0", "template1", "prefect", "replication")


@dataclass(frozen=True)
class AppNames:
    """What an app owns in the cluster."""

    database: str
    role: str


def app_names(app: str) -> AppNames:
    """The database and role of an app. Raises BadInput for a name that cannot be one."""
    if not _APP.fullmatch(app):
        fix = "give 3 to 40 lower-case letters, digits and dashes, starting with a letter"
        raise BadInput("app", f"{app!r} cannot name a database", fix)
    if app in _RESERVED:
        raise BadInput("app", f"{app!r} belongs to the platform itself", "choose another name for the app")
    return AppNames(app, f"app_{app.replace('-', '_')}")


def is_app(database: str) -> bool:
    """Whether a database is an app's own. Names with an underscore are ours: scratch, restored, put aside."""
    return bool(_APP.fullmatch(database)) and database not in _RESERVED


def scratch_name(app: str) -> str:
    """A new name that nothing else has."""
    return f"{app_names(app).database}_scratch_{secrets.token_hex(4)}"


def scratch_of(url: str, port: int) -> str:
    """The name of the scratch database that a URL leads to. Raises BadInput for any other database."""
    try:
        parts = urlsplit(url)
        name, found = parts.path.removeprefix("/"), parts.port
    except ValueError as error:
        raise BadInput("url", f"cannot be read: {error}", "give the URL that `scratch` returned") from error
    if not _SCRATCH.fullmatch(name) or found != port:
        raise BadInput(
            "url", f"database {name!r} on port {found} is no scratch database here", "only those are dropped"
        )
    return name


def point_name(name: str) -> str:
    """A restore point's or a snapshot's name. Raises BadInput for one that Postgres would cut or refuse."""
    if not _POINT.fullmatch(name):
        fix = "give 1 to 63 letters, digits, dots, dashes and underscores, starting with a letter or digit"
        raise BadInput("name", f"{name!r} cannot name a moment", fix)
    return name
