"""The schema, as Alembic revisions on an `expand` and a `contract` branch."""
