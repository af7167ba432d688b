"""Alone means alone: nobody else is, nobody begins beside, and who is beside is waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.local.alone import alone, beside, is_signed, signed

HOLD = """
import sys, time
from pathlib import Path
from infra.local.alone import alone
with alone(Path(sys.argv[1]), "holding it"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def test_two_cannot_be_alone(lock: Path) -> None:
    with alone(lock, "cooking"), pytest.raises(BadInput, match="another process is cooking"), alone(lock, "cooking"):
        pytest.fail("both were alone")


def test_many_work_beside_but_none_begins_while_somebody_is_alone(lock: Path) -> None:
    with beside(lock) as first, beside(lock) as second:
        assert (first, second) == (True, True)
    with alone(lock, "cooking"), beside(lock) as third:
        assert not third
    with beside(lock) as again:
        assert again


def test_who_wants_to_be_alone_waits_for_those_beside_and_nobody_new_begins(lock: Path) -> None:
    waiting, is_alone = threading.Event(), threading.Event()

    def be_alone() -> None:
        with alone(lock, "cooking", on_entry=waiting.set):
            is_alone.set()

    with beside(lock):
        cook = threading.Thread(target=be_alone)
        cook.start()
        assert waiting.wait(10)
        assert not is_alone.wait(0.2)
        with beside(lock) as may:
            assert not may
    cook.join(10)
    assert is_alone.is_set()


def test_a_killed_holder_holds_nothing(lock: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout as said:
        assert said.readline() == b"held\n"
        with beside(lock) as may:
            assert not may
        holder.kill()
        holder.wait()
    with beside(lock) as may:
        assert may
    with alone(lock, "cooking"):
        pass


def test_a_name_that_is_half_written_counts_as_there(lock: Path) -> None:
    with signed(lock):
        assert is_signed(lock)
        lock.write_text(lock.read_text().split(":")[0])
        assert is_signed(lock)
    assert not is_signed(lock)
