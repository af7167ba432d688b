"""The benchmarks that take minutes, by the command line that the pages show."""

from __future__ import annotations

from pathlib import Path

import pytest
from operations import LONG
from steps_of_operations import Step
from terminal import at

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("step", LONG, ids=lambda step: str(step.shown))
def test_figures_are_printed(step: Step, tmp_path: Path) -> None:
    with at(tmp_path) as terminal:
        ended, said = terminal.type(step.filled(step.shown))
        assert ended == 0
        assert step.says in said
