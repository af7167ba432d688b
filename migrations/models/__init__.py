"""SecuryFlex's own tables as SQLAlchemy models; the revisions must lead to exactly these."""

from __future__ import annotations

from migrations.models import money, people, records, work
from migrations.models.base import Base

metadata = Base.metadata

__all__ = ["Base", "metadata", "money", "people", "records", "work"]
