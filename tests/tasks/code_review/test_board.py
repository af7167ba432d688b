"""The board: whoever puts a wish there never waits; the newest is shown, in order, or all is given up as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from infra.errors import Rejected, Unknown, Unreachable
from infra.http import Limited, Refused
from tasks.code_review import board as board_module
from tasks.code_review.board import MOST, Board, Wish


@dataclass
class Place:
    """Somewhere that takes what it is shown, and breaks as a test says."""

    board: Board = field(default_factory=Board)
    shown: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    error: Exception | None = None
    gate: threading.Event = field(default_factory=threading.Event)

    def show(self, what: str) -> Callable[[], None]:
        def act() -> None:
            self.gate.wait(10)
            if self.error:
                raise self.error
            self.shown.append(what)

        return act

    def wish(self, subject: str, what: str, order: int = 1) -> None:
        self.board.put(Wish((subject,), order, self.show(what), self.said.append))


@pytest.fixture
def place() -> Iterator[Place]:
    found = Place()
    yield found
    found.error = None
    found.gate.set()
    found.board.settle(5)


def seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def busy(place: Place) -> None:
    """The thread hangs in a first wish until the gate opens."""
    place.wish("first", "first", 0)
    deadline = time.monotonic() + 5
    while place.board._wishes and time.monotonic() < deadline:
        time.sleep(0.01)


def test_the_newest_wish_of_a_subject_is_shown_and_the_lowest_order_first(place: Place) -> None:
    busy(place)
    for subject, what, order in (("b", "b1", 2), ("a", "a1", 1), ("b", "b2", 2), ("c", "c1", 2)):
        place.wish(subject, what, order)
    place.gate.set()
    place.board.settle(5)
    assert place.shown == ["first", "a1", "b2", "c1"]
    assert place.said == []


def test_whoever_puts_a_wish_does_not_wait_and_settling_has_an_end(place: Place) -> None:
    busy(place)
    assert seconds(lambda: [place.wish(str(number), "x") for number in range(MOST + 50)]) < 2
    assert seconds(lambda: place.board.settle(0.3)) < 2
    assert any(f"more than {MOST} things wait" in line for line in place.said)
    assert any(f"{MOST} things were not told" in line for line in place.said)


SILENCES = {
    "silence": Unreachable("nobody answers", "x"),
    "a lost answer": Unknown("it may have happened", "x"),
    "a limit": Limited("too many", "x", 403, ""),
    "nonsense": Refused("cannot be read", "x", 200, ""),
}


@pytest.mark.parametrize("silence", SILENCES)
def test_after_silence_it_is_shown_when_somebody_answers_again(
    place: Place, silence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_module, "FIRST_PAUSE_SECONDS", 0.05)
    place.board = Board()
    place.error = SILENCES[silence]
    place.gate.set()
    place.wish("a", "a1")
    time.sleep(0.2)
    place.error = None
    place.board.settle(5)
    assert place.shown == ["a1"]
    assert len(place.said) == 1, "an hour of silence is one line"


@pytest.mark.parametrize("silence", SILENCES)
def test_silence_at_the_end_gives_up_all_at_once_so_that_nothing_is_shown_out_of_order(
    place: Place, silence: str
) -> None:
    busy(place)
    place.error = SILENCES[silence]
    for subject in ("a", "b", "c"):
        place.wish(subject, subject)
    place.gate.set()
    assert seconds(lambda: place.board.settle(5)) < 4
    place.error = None
    time.sleep(0.1)
    assert place.shown == []
    assert any("were not told" in line for line in place.said)


NOES = {
    "a no": Refused("not allowed", "ask", 403, ""),
    "another no": Rejected("never", "x"),
    "a mistake of ours": KeyError("planted"),
}


@pytest.mark.parametrize("no", NOES)
def test_a_no_drops_one_wish_with_one_word_and_the_rest_goes_on(place: Place, no: str) -> None:
    def refuse() -> None:
        raise NOES[no]

    for number in range(3):
        place.board.put(Wish(("refused", str(number)), 0, refuse, place.said.append))
    place.gate.set()
    place.wish("a", "a1")
    place.board.settle(5)
    assert place.shown == ["a1"]
    assert len(place.said) == 1


def test_a_wish_that_hung_while_everybody_left_is_not_tried_again(place: Place) -> None:
    busy(place)
    place.error = Unreachable("nobody answers", "x")
    place.board.settle(0.1)
    place.gate.set()
    time.sleep(0.2)
    place.error = None
    place.board.settle(5)
    assert place.shown == []


def test_under_a_long_limit_nobody_is_asked_again_at_the_end(place: Place) -> None:
    limited = Limited("too many", "x", 403, "")
    limited.wait_seconds = 600.0
    place.error = limited
    place.gate.set()
    place.wish("a", "a1")
    time.sleep(0.3)
    place.error = None
    assert seconds(lambda: place.board.settle(5)) < 2
    assert place.shown == []
