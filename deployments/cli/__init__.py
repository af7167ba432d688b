"""The command line: `pipeline <verb>`. Thin: it starts flow runs and shows them, or asks the platform."""

from __future__ import annotations


def main() -> None:
    """The console script. Whoever wants one part of this package, such as the exit codes, does not load every verb."""
    from deployments.cli.application import main as run

    run()
