"""Writes revision files as an app would bring them."""

from __future__ import annotations

from pathlib import Path


def write_revision(
    folder: Path,
    name: str,
    up: str,
    down: str = "pass",
    after: str | None = None,
    label: str | None = None,
    needs: str | None = None,
) -> None:
    """`up` and `down` are Python statements, or SQL when they start with a capital letter."""
    (folder / f"{name}.py").write_text(
        f'"""Makes {name}."""\n'
        "import os, time\n"
        "from alembic import op\n\n"
        f"revision = {name!r}\ndown_revision = {after!r}\nbranch_labels = {label!r}\ndepends_on = {needs!r}\n\n\n"
        f"def upgrade():\n    {_statement(up)}\n\n\ndef downgrade():\n    {_statement(down)}\n"
    )


def _statement(text: str) -> str:
    return f"op.execute({text!r})" if text[:1].isupper() else text
