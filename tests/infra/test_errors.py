"""The tree of errors: its shape, its texts, and that errors survive the way between processes."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

import infra.errors
from infra.errors import BadInput, CommandFailed, PipelineError, Rejected, Unknown, Unreachable

EXAMPLES: list[PipelineError] = [
    PipelineError("asked A, got B", "do C"),
    BadInput("canary.weights", "is empty", "give at least one"),
    Unreachable("GET / got no answer in 5 s", "look at it"),
    Rejected("said no"),
    CommandFailed("npm test", 2, "1 failing", "mend it"),
    Unknown("lost the answer", "read it back"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_comes_out_of_pickle_and_copy_as_it_went_in(error: PipelineError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert (str(again), again.__dict__, again.args) == (str(error), error.__dict__, error.args)


def test_the_drawing_in_the_docstring_is_the_tree() -> None:
    drawn = set(re.findall(r"(?m)^[│├└─ ]*([A-Z]\w+) {2,}", infra.errors.__doc__ or ""))
    written = {name for name, thing in vars(infra.errors).items() if isinstance(thing, type)}
    assert drawn == written


def test_a_failed_command_is_a_rejection_and_the_silent_ones_are_not() -> None:
    assert issubclass(CommandFailed, Rejected)
    assert not issubclass(Unknown, Rejected)
    assert not issubclass(Unreachable, Rejected)
    assert all(isinstance(error, PipelineError) for error in EXAMPLES)


def test_the_text_says_what_and_then_the_next_action() -> None:
    assert str(EXAMPLES[0]) == "asked A, got B\n  hint: do C"
    assert str(EXAMPLES[3]) == "said no"
    assert str(EXAMPLES[1]) == "canary.weights: is empty\n  hint: give at least one"


def test_a_silent_failed_command_says_that_it_was_silent() -> None:
    assert str(CommandFailed("true", 1, " \n")) == "`true` exited 1: it printed nothing"
