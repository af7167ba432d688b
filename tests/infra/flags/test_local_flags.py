"""Flags in a file that flagd's providers read: percentages in and out, other people's flags untouched."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from infra.errors import BadInput, Rejected
from infra.flags.local import LocalFlags


@pytest.fixture
def flags(tmp_path: Path) -> LocalFlags:
    return LocalFlags(tmp_path / "deep" / "flags.json")


def written(flags: LocalFlags, name: str = "new") -> dict[str, object]:
    found: dict[str, object] = json.loads(flags.path.read_text())["flags"][name]
    return found


@pytest.mark.parametrize("percent", [0, 1, 5, 50, 99, 100])
def test_what_was_set_is_read_back_also_by_somebody_else(flags: LocalFlags, percent: int) -> None:
    flags.set("new", 30)
    flags.set("new", percent)
    flags.set("new", percent)
    assert LocalFlags(flags.path).percentage("new") == percent


def test_a_flag_that_nobody_made_has_no_percentage(flags: LocalFlags) -> None:
    assert flags.percentage("new") is None
    flags.variables()
    assert flags.percentage("new") is None


def test_between_0_and_100_it_is_split_by_the_visitors_key_with_on_first(flags: LocalFlags) -> None:
    flags.set("new", 5)
    assert written(flags) == {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"fractional": [["on", 5], ["off", 95]]},
    }


@pytest.mark.parametrize(("percent", "default"), [(0, "off"), (100, "on")])
def test_nobody_and_everybody_need_no_key(flags: LocalFlags, percent: int, default: str) -> None:
    flags.set("new", 5)
    flags.set("new", percent)
    assert "targeting" not in written(flags)
    assert written(flags)["defaultVariant"] == default


def test_other_flags_and_what_people_wrote_beside_ours_stay(flags: LocalFlags) -> None:
    theirs = {"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a"}
    mine = {"state": "DISABLED", "variants": {"on": True, "off": False}, "metadata": {"owner": "shop"}}
    flags.path.parent.mkdir(parents=True)
    flags.path.write_text(json.dumps({"flags": {"theirs": theirs, "new": mine}, "$evaluators": {}}))
    assert flags.percentage("new") == 0
    flags.set("new", 25)
    table = json.loads(flags.path.read_text())
    assert (table["flags"]["theirs"], table["$evaluators"]) == (theirs, {})
    assert table["flags"]["new"]["metadata"] == {"owner": "shop"}
    assert flags.percentage("new") == 25


@pytest.mark.parametrize(
    "targeting", [{"if": [True, "on", "off"]}, {"fractional": [["on", 5], ["off", 5]]}, {"fractional": [["off", 100]]}]
)
def test_a_rule_of_somebody_else_is_not_called_a_percentage(flags: LocalFlags, targeting: object) -> None:
    flags.set("new", 5)
    table = json.loads(flags.path.read_text())
    table["flags"]["new"]["targeting"] = targeting
    flags.path.write_text(json.dumps(table))
    with pytest.raises(Rejected, match=r"'new' in .* is split by a rule of its own"):
        flags.percentage("new")


@pytest.mark.parametrize("damage", ["", "garbage", "[]", '{"flags": 3}', "{}"])
def test_a_damaged_file_is_named_and_left_alone(flags: LocalFlags, damage: str) -> None:
    flags.set("new", 5)
    flags.path.write_text(damage)
    for ask in (lambda: flags.percentage("new"), lambda: flags.set("new", 0)):
        with pytest.raises(Rejected, match=r"flags\.json cannot be read"):
            ask()
    assert flags.path.read_text() == damage


@pytest.mark.parametrize("percent", [-1, 101, 5.0, True, "5", None])
def test_what_is_no_percentage_is_refused(flags: LocalFlags, percent: object) -> None:
    with pytest.raises(BadInput, match=r"percent: is "):
        flags.set("new", percent)  # type: ignore[arg-type] # the point of the test
    assert not flags.path.exists()


def test_a_flag_needs_a_name(flags: LocalFlags) -> None:
    with pytest.raises(BadInput, match="flag: is empty"):
        flags.set(" ", 5)
    with pytest.raises(BadInput, match="flag: is empty"):
        flags.percentage("")


def test_apps_are_led_to_the_file_which_is_there_before_them(flags: LocalFlags) -> None:
    found = flags.variables()
    assert found["FLAGD_RESOLVER"] == "in-process"
    assert json.loads(Path(found["FLAGD_OFFLINE_FLAG_SOURCE_PATH"]).read_text())["flags"] == {}
    flags.set("new", 5)
    flags.variables()
    assert flags.percentage("new") == 5


def test_many_writers_lose_no_flag_and_readers_never_see_half_a_file(flags: LocalFlags) -> None:
    flags.set("flag-0", 1)
    over = threading.Event()
    wrong: list[Exception] = []

    def read() -> None:
        while not over.is_set():
            try:
                flags.percentage("flag-0")
            except Rejected as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=flags.set, args=(f"flag-{number}", number)) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    over.set()
    reader.join()
    assert not wrong
    assert [flags.percentage(f"flag-{number}") for number in range(20)] == list(range(20))


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_what_is_lent_goes_off_by_itself_and_what_is_lent_again_does_not(flags: LocalFlags, percent: int) -> None:
    flags.set("new", percent, seconds=600)
    assert flags.percentage("new") == percent
    flags.set("new", percent, seconds=-1)
    assert flags.percentage("new") == 0
    flags.set("new", percent, seconds=600)
    assert flags.percentage("new") == percent
    flags.set("new", percent)
    assert "timestamp" not in flags.path.read_text(), "given for good"
    assert flags.percentage("new") == percent


def test_a_lent_flag_says_so_in_flagds_own_words(flags: LocalFlags) -> None:
    flags.set("new", 5, seconds=600)
    (condition, lent, after) = written(flags)["targeting"]["if"]  # type: ignore[index] # JSON
    assert condition["<"][0] == {"var": "$flagd.timestamp"}
    assert 590 < condition["<"][1] - time.time() <= 601
    assert (lent, after) == ({"fractional": [["on", 5], ["off", 95]]}, "off")
    assert written(flags)["defaultVariant"] == "off"
