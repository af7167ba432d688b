"""`python -m deployments.guard --env local`: the guard's leader, or with `--watch` its watcher."""

from __future__ import annotations

import argparse

from deployments.guard.leader import keep_watcher


def main() -> None:
    """Runs until it is ended."""
    words = argparse.ArgumentParser(prog="python -m deployments.guard")
    words.add_argument("--env", required=True)
    words.add_argument("--watch", type=int, metavar="PID", help="the leader that started this watcher")
    given = words.parse_args()
    if given.watch is None:
        keep_watcher(given.env)
    # Here, so that the leader stays small: it must not load what the watcher needs.
    from deployments.guard.watcher import watch

    watch(given.env, given.watch)


if __name__ == "__main__":
    main()
