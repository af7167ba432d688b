import asyncio

import pytest

from app.errors import Unavailable
from app.patience import patiently


class Flaky:
    def __init__(self, failures, error=ConnectionError):
        self.calls, self._failures, self._error = 0, failures, error

    async def __call__(self):
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error("gone")
        return "answer"


def test_a_passing_error_is_tried_again():
    act = Flaky(2)
    assert asyncio.run(patiently(act, passing=(ConnectionError,), seconds=5)) == "answer"
    assert act.calls == 3


def test_another_error_is_not():
    act = Flaky(1, KeyError)
    with pytest.raises(KeyError):
        asyncio.run(patiently(act, passing=(ConnectionError,), seconds=5))
    assert act.calls == 1


def test_patience_ends_and_keeps_the_cause():
    with pytest.raises(Unavailable, match="within 0.2 s") as caught:
        asyncio.run(patiently(Flaky(1000), passing=(ConnectionError,), seconds=0.2))
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_an_act_in_progress_is_not_cut_off() -> None:
    async def slow() -> str:
        await asyncio.sleep(0.3)
        return "answer"

    assert asyncio.run(patiently(slow, passing=(ConnectionError,), seconds=0.1)) == "answer"
