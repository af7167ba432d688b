"""The vendors' own tools, installed once for all tests that ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vercel_tool import installed_tool


@pytest.fixture(scope="session")
def vercel_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with installed_tool(tmp_path_factory.mktemp("vercel-cli")) as program:
        yield program
