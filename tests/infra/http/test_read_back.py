"""A write whose answer is lost: the truth is read, and it is sent again only when it did not happen."""

from __future__ import annotations

import pytest

from infra.errors import PipelineError, Rejected, Unknown, Unreachable
from infra.http.read_back import settle


class Ledger:
    """Something outside that acts when told to and answers as it likes."""

    def __init__(self, *answers: PipelineError | None, acts: tuple[bool, ...] = (True, True)) -> None:
        self.answers, self.acts = list(answers), list(acts)
        self.sent = self.entries = 0

    def write(self) -> None:
        self.sent += 1
        self.entries += self.acts.pop(0)
        answer = self.answers.pop(0)
        if answer:
            raise answer

    def settle(self) -> None:
        settle(self.write, lambda: self.entries > 0, pause_seconds=0.0)


LOST = Unknown("the answer was lost", "read it back")
NO = Rejected("already there", "look")


def test_a_yes_is_believed_and_nothing_is_read() -> None:
    ledger = Ledger(None, acts=(False,))
    ledger.settle()
    assert ledger.sent == 1


def test_what_happened_although_its_answer_was_lost_is_not_sent_again() -> None:
    ledger = Ledger(LOST)
    ledger.settle()
    assert (ledger.sent, ledger.entries) == (1, 1)


def test_what_did_not_happen_is_sent_once_more() -> None:
    ledger = Ledger(LOST, None, acts=(False, True))
    ledger.settle()
    assert (ledger.sent, ledger.entries) == (2, 1)


@pytest.mark.parametrize("second", [LOST, NO])
def test_a_second_answer_that_is_no_yes_is_not_believed_before_the_truth(second: PipelineError) -> None:
    ledger = Ledger(LOST, second, acts=(False, True))
    ledger.settle()
    assert ledger.sent == 2


@pytest.mark.parametrize("second", [LOST, NO])
def test_what_never_happens_is_raised_as_it_was_told(second: PipelineError) -> None:
    ledger = Ledger(LOST, second, acts=(False, False))
    with pytest.raises(type(second)):
        ledger.settle()
    assert ledger.sent == 2, "never a third time"


@pytest.mark.parametrize("first", [NO, Unreachable("no connection", "look at the network")])
def test_a_first_no_and_a_silence_before_anything_was_sent_are_raised_at_once(first: PipelineError) -> None:
    ledger = Ledger(first, acts=(False,))
    with pytest.raises(type(first)):
        ledger.settle()
    assert ledger.sent == 1
