"""How we prove to a Prefect server who we are: with what Prefect's own clients read from the environment."""

from __future__ import annotations

import base64
import os

from infra.redaction import remember_secrets


def prefect_headers() -> dict[str, str]:
    """`Authorization` from PREFECT_API_AUTH_STRING (`user:password`) or PREFECT_API_KEY; empty where neither is set."""
    words, key = os.environ.get("PREFECT_API_AUTH_STRING", ""), os.environ.get("PREFECT_API_KEY", "")
    remember_secrets(value for value in (words, key) if value)
    if words:
        return {"Authorization": f"Basic {base64.b64encode(words.encode()).decode()}"}
    return {"Authorization": f"Bearer {key}"} if key else {}
