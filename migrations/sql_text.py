"""Runs a script of SQL inside a revision, one statement after the other."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from migrations.words import outer_words, statements


def run_sql(script: str) -> None:
    """Each statement; what Postgres refuses in a transaction (CONCURRENTLY, VACUUM) goes outside of one."""
    for statement in statements(script):
        # To SQLAlchemy a colon before a word would be a parameter.
        written = text(statement.replace(":", "\\:"))
        if _needs_no_transaction(statement):
            with op.get_context().autocommit_block():
                op.execute(written)
        else:
            op.execute(written)


def _needs_no_transaction(statement: str) -> bool:
    words = [word.text.upper() for word in outer_words(statement)]
    return words[0] == "VACUUM" or ("CONCURRENTLY" in words and words[0] in ("CREATE", "DROP", "REINDEX"))
