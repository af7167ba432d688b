"""Who there is: users in four roles, guards, security companies and their clients."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Enum, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import UUID as Uuid
from sqlalchemy.orm import Mapped, mapped_column

from migrations.models.base import Base, Cents, CompanyRef, Created, Id, UserRef, Words

ROLES = Enum("guard", "company", "client", "admin", name="user_role")


class User(Base):
    """Somebody who can sign in."""

    __tablename__ = "users"
    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(ROLES)
    full_name: Mapped[Words]
    phone: Mapped[Words | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[Created]


class GuardProfile(Base):
    """What companies see of a guard. The badge is the one that the police issue."""

    __tablename__ = "guard_profiles"
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id"), primary_key=True)
    badge_number: Mapped[str] = mapped_column(Text, unique=True)
    badge_expires_on: Mapped[date] = mapped_column(Date)
    hourly_rate_cents: Mapped[Cents]
    city: Mapped[Words]
    certificates: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    is_available: Mapped[bool] = mapped_column(server_default=text("true"))


class Company(Base):
    """A security company, with its numbers at the chamber of commerce and its permit."""

    __tablename__ = "companies"
    id: Mapped[Id]
    owner_id: Mapped[UserRef] = mapped_column(index=True)
    name: Mapped[Words]
    kvk_number: Mapped[str] = mapped_column(Text, unique=True)
    vat_number: Mapped[Words | None]
    permit_number: Mapped[Words | None]
    created_at: Mapped[Created]


class Client(Base):
    """Whoever hires a company; may have a user of its own."""

    __tablename__ = "clients"
    id: Mapped[Id]
    company_id: Mapped[CompanyRef] = mapped_column(index=True)
    user_id: Mapped[UserRef | None] = mapped_column(index=True)
    name: Mapped[Words]
    contact_email: Mapped[Words | None]
    city: Mapped[Words | None]
    created_at: Mapped[Created]
