"""The command line: `pipeline <verb>`. Thin: it starts flow runs and shows them, or asks the platform."""

from __future__ import annotations

from deployments.cli.application import main

__all__ = ["main"]
