"""Parts of the database benchmark are asked for by name."""

from __future__ import annotations

import pytest

from deployments.bench.database import PARTS, measure_database
from infra.errors import BadInput


def test_a_part_that_does_not_exist_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadInput, match="'expnad' is no part") as refused:
        measure_database(print, ["expand", "expnad"])
    assert refused.value.field == "only"
    assert all(part in refused.value.hint for part in PARTS)
