"""Which process carries a flow run is told by its number and its start, and doubt is for its life."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys

import psutil
import pytest

from deployments.guard.dead_runs import is_running


@pytest.mark.parametrize("host", ["", f"{socket.gethostname()}:"])
def test_a_process_that_runs_is_seen_to(host: str) -> None:
    started = psutil.Process().create_time()
    assert is_running(f"{host}{os.getpid()}", started + 1)
    assert is_running(f"{host}{os.getpid()}", math.inf)


def test_a_number_that_was_used_again_later_is_not_the_process() -> None:
    assert not is_running(str(os.getpid()), psutil.Process().create_time() - 5)


def test_a_killed_process_does_not_run_also_before_its_parent_notices() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert is_running(str(child.pid), math.inf)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(str(child.pid), math.inf)
    child.wait()
    assert not is_running(str(child.pid), math.inf)


@pytest.mark.parametrize("process", ["elsewhere.example:1", "a-container", "4f3e:abc"])
def test_what_we_cannot_know_is_taken_to_live(process: str) -> None:
    assert is_running(process, 0)
