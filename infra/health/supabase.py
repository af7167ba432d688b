"""What a Supabase project serves beside its database: the REST API and the Edge Functions that the app relies on."""

from __future__ import annotations

from infra.environment import Environment
from infra.environment.secret import read_secret
from infra.health import Answered, ask


def ask_functions(environment: Environment) -> list[Answered]:
    """Each function of `supabase.functions`; raises at the first that does not answer. Empty where none are named."""
    settings = environment.supabase
    if settings is None or not settings.functions:
        return []
    headers = _headers(settings.publishable_key)
    return [ask(f"function {name}", f"{settings.url}/functions/v1/{name}", headers) for name in settings.functions]


def ask_rest(environment: Environment) -> Answered | None:
    """The REST API; None where no key for it is named."""
    settings = environment.supabase
    if settings is None or not settings.publishable_key:
        return None
    return ask("REST API", f"{settings.url}/rest/v1/", _headers(settings.publishable_key))


def _headers(key: str) -> dict[str, str]:
    secret = read_secret("supabase.publishable_key", key).get_secret_value()
    return {"apikey": secret, "Authorization": f"Bearer {secret}"}
