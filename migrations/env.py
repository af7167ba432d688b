"""Run by Alembic: each revision in a transaction of its own, in a session that does not wait long for locks."""

from __future__ import annotations

from alembic import context

from migrations.history import make_history
from migrations.session import LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, migration_session


def write_sql() -> None:
    """What a run would say, as SQL."""
    # Named parameters keep a `%` in the text single.
    style = {"paramstyle": "named"}
    context.configure(dialect_name="postgresql", dialect_opts=style, literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_MS}ms'")
        context.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_MS}ms'")
        context.run_migrations()


def migrate() -> None:
    """The run itself."""
    with migration_session() as connection:
        make_history(connection)
        recorder = context.config.attributes["recorder"]
        recorder.listen(connection)
        context.configure(connection=connection, transaction_per_migration=True, on_version_apply=recorder)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    write_sql()
else:
    migrate()
