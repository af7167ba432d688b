"""The guard's leader, which does nothing but keep the watcher running.

The watcher in turn becomes the leader when this one dies: only `pipeline down`, or killing both at once, ends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import NoReturn

from deployments.guard.backoff import Backoff


def keep_watcher(environment: str) -> NoReturn:
    """Start the watcher, and again whenever it ended."""
    backoff = Backoff(first_seconds=1, longest_seconds=60)
    while True:
        ended = subprocess.run([*_words(environment), "--watch", str(os.getpid())], check=False).returncode
        backoff.is_well(time.monotonic())
        backoff.tried(time.monotonic())
        when = time.strftime("%H:%M:%S", time.gmtime())
        print(f"{when} the watcher ended with {ended}; another in {backoff.wait_seconds:g} s", flush=True)
        time.sleep(backoff.wait_seconds)


def become_leader(environment: str) -> NoReturn:
    """This process goes on as the leader, under the same number."""
    os.execv(sys.executable, _words(environment))


def _words(environment: str) -> list[str]:
    return [sys.executable, "-m", "deployments.guard", "--env", environment]
