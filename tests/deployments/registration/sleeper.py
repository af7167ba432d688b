"""A tiny flow that is killed in its sleep."""

from __future__ import annotations

import time

from prefect import flow


@flow(name="sleeper")
def sleeper(environment: str = "acceptance", seconds: int = 600) -> None:
    """Sleep."""
    time.sleep(seconds)
