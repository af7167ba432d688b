"""The block that holds the address which an environment's alerts go to. Prefect encrypts it; it is never shown."""

from __future__ import annotations

from functools import partial

from prefect.blocks.webhook import Webhook
from pydantic import SecretStr

from deployments.registration.changes import Change, Step, step_towards
from deployments.registration.registry import Registry, Row
from infra.environment import Environment
from infra.environment.secret import read_secret
from infra.errors import Unknown

HIDDEN = "(a secret)"


def webhook_steps(registry: Registry, environment: Environment) -> list[Step]:
    """Raises BadInput when the variable that the environment names is not set."""
    if not environment.alerts.webhook:
        return []
    address = read_secret("alerts.webhook", environment.alerts.webhook).get_secret_value()
    row = find_webhook(registry, environment)
    is_same = row is not None and row["data"].get("url") == address
    before = {"url": HIDDEN if is_same else f"{HIDDEN}, another"} if row else None

    def do() -> None:
        # A private address is as good as any: who may write the environment's file may name it.
        block = Webhook(method="POST", url=SecretStr(address), allow_private_urls=True)
        with registry.by_prefect(f"saving block webhook/{block_name(environment)}"):
            block.save(block_name(environment), overwrite=True)

    return step_towards("block", f"webhook/{block_name(environment)}", before, {"url": HIDDEN}, do)


def old_webhook_steps(registry: Registry, environment: Environment) -> list[Step]:
    """Remove the block of an environment that names no webhook any more, after the automations that used it."""
    row = None if environment.alerts.webhook else find_webhook(registry, environment)
    if row is None:
        return []
    change = Change("block", f"webhook/{block_name(environment)}", "remove")
    return [Step(change, partial(registry.send, "DELETE", f"/block_documents/{row['id']}"))]


def find_webhook(registry: Registry, environment: Environment) -> Row | None:
    """The block, with its secrets."""
    name = block_name(environment)
    return registry.find(f"/block_types/slug/webhook/block_documents/name/{name}?include_secrets=true")


def webhook_id(registry: Registry, environment: Environment) -> str:
    """The id of the block. Raises Unknown when the server lost it meanwhile."""
    row = find_webhook(registry, environment)
    if row is None:
        raise Unknown(f"block webhook/{block_name(environment)} is gone from {registry.url}", "deploy again")
    return str(row["id"])


def block_name(environment: Environment) -> str:
    """One for each environment: several may share a server."""
    return f"alerts-{environment.name}"
