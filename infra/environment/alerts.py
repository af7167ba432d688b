"""Where the orchestrator itself calls when something is wrong with it, or with what it runs."""

from __future__ import annotations

from infra.config import Part
from infra.environment.secret import SecretName


class Alerts(Part):
    """`webhook` gets JSON with a `text`, as Slack and Mattermost take it. Its address is a secret.

    It is called by Prefect's server, so it also says that no worker lives; notifications need one that does.
    """

    webhook: SecretName = ""
