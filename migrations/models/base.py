"""What all tables of SecuryFlex share: names of constraints as Postgres gives them, ids, times and money in cents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, MetaData, Text, text
from sqlalchemy.dialects.postgresql import UUID as Uuid
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}
NOW = text("now()")

Id = Annotated[UUID, mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=NOW)]
Cents = Annotated[int, mapped_column(BigInteger)]
Words = Annotated[str, mapped_column(Text)]
UserRef = Annotated[UUID, mapped_column(Uuid, ForeignKey("users.id"))]
CompanyRef = Annotated[UUID, mapped_column(Uuid, ForeignKey("companies.id"))]
ClientRef = Annotated[UUID, mapped_column(Uuid, ForeignKey("clients.id"))]
ShiftRef = Annotated[UUID, mapped_column(Uuid, ForeignKey("shifts.id"))]
AssignmentRef = Annotated[UUID, mapped_column(Uuid, ForeignKey("assignments.id"))]


class Base(DeclarativeBase):
    """All tables are in its `metadata`."""

    metadata = MetaData(naming_convention=NAMES)
