"""What people are told, and what is kept of who did what: notifications, audit log and security log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.dialects.postgresql import UUID as Uuid
from sqlalchemy.orm import Mapped, mapped_column

from migrations.models.base import Base, Created, Id, Moment, UserRef, Words


class Notification(Base):
    """A message to a user."""

    __tablename__ = "notifications"
    id: Mapped[Id]
    user_id: Mapped[UserRef] = mapped_column(index=True)
    kind: Mapped[Words]
    title: Mapped[Words]
    body: Mapped[Words]
    read_at: Mapped[Moment | None]
    created_at: Mapped[Created]


class AuditEntry(Base):
    """A change that somebody made. It stays when the user is gone, so nothing refers to users."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    action: Mapped[Words]
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Created] = mapped_column(index=True)


class SecurityEvent(Base):
    """A sign-in, a refusal, a changed password."""

    __tablename__ = "security_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)
    event: Mapped[Words]
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[Words | None]
    succeeded: Mapped[bool]
    created_at: Mapped[Created] = mapped_column(index=True)
