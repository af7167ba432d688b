from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.edge.access_log import AccessLog


def _line(number: float) -> bytes:
    return json.dumps({"level": "info", "ts": float(number)}).encode() + b"\n"


def _append(path: Path, *numbers: float, ending: bytes = b"") -> None:
    with path.open("ab") as stream:
        stream.write(b"".join(_line(number) for number in numbers) + ending)


def _roll(path: Path, number: int) -> None:
    path.rename(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    path.touch()


def _read(log: AccessLog) -> list[float]:
    return [entry["ts"] for entry in log.lines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access-8080.log"


def test_each_line_is_read_once(path: Path) -> None:
    log = AccessLog(path)
    assert _read(log) == []
    _append(path, 1, 2)
    assert _read(log) == [1, 2]
    _append(path, 3)
    assert _read(log) == [3]
    assert _read(log) == []


def test_half_a_line_waits_for_its_other_half(path: Path) -> None:
    log = AccessLog(path)
    _append(path, 1, ending=_line(2)[:9])
    assert _read(log) == [1]
    with path.open("ab") as stream:
        stream.write(_line(2)[9:])
    assert _read(log) == [2]


@pytest.mark.parametrize("cut", range(1, 26))
def test_a_line_that_a_killed_writer_left_half_costs_no_other_line(path: Path, cut: int) -> None:
    _append(path, 1, ending=_line(2)[:cut])
    _append(path, 3)
    assert _read(AccessLog(path)) == [1, 3]


def test_a_roll_between_two_readings_loses_nothing(path: Path) -> None:
    log = AccessLog(path)
    _append(path, 1)
    assert _read(log) == [1]
    _append(path, 2)
    _roll(path, 1)
    _append(path, 3)
    _roll(path, 2)
    _append(path, 4)
    assert _read(log) == [2, 3, 4]


def test_a_log_emptied_in_place_is_read_from_its_start(path: Path) -> None:
    log = AccessLog(path)
    _append(path, 1, 2, 3)
    assert _read(log) == [1, 2, 3]
    path.write_bytes(b"")
    _append(path, 4)
    assert _read(log) == [4]


def test_going_back_finds_lines_in_files_rolled_away(path: Path) -> None:
    _append(path, 100, 101)
    _roll(path, 1)
    os.utime(path.with_name("access-8080-1.log"), (101, 101))
    _append(path, 102, 103)
    _roll(path, 2)
    os.utime(path.with_name("access-8080-2.log"), (103, 103))
    _append(path, 104)
    log = AccessLog(path)
    log.seek(102)
    assert _read(log) == [102, 103, 104]


def test_going_back_finds_its_place_in_a_long_file(path: Path) -> None:
    _append(path, *range(20_000))
    log = AccessLog(path)
    log.seek(15_000)
    found = _read(log)
    assert found[-1] == 19_999
    assert 14_800 < found[0] <= 15_000


def test_an_empty_log_read_from_now_on_gives_what_comes(path: Path) -> None:
    _append(path, 1)
    os.utime(path, (1, 1))
    log = AccessLog(path)
    log.seek(1000)
    _append(path, 1001)
    assert 1001 in _read(log)
    log.close()


@given(st.lists(st.sampled_from(["append", "half", "roll", "read"]), max_size=25))
def test_whatever_happens_lines_are_read_once_and_in_order(events: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "access-1.log"
        log, found, written, rest = AccessLog(path), list[float](), 0, b""
        for number, event in enumerate(events):
            if event == "append":
                with path.open("ab") as stream:
                    stream.write(rest + _line(written + 1))
                written, rest = written + 1 + bool(rest), b""
            elif event == "half" and not rest:
                with path.open("ab") as stream:
                    stream.write(_line(-1)[:5])
                rest = _line(-1)[5:]
            elif event == "roll" and path.exists() and not rest:
                _roll(path, number)
            elif event == "read":
                found += _read(log)
        found += _read(log)
        log.close()
        whole = [number for number in found if number > 0]
        assert whole == sorted(set(whole))
        assert len(found) == written
