"""What there is to do: assignments, applications for them, shifts with their hours, and check-ins on the spot."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Double, Enum, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from migrations.models.base import (
    AssignmentRef,
    Base,
    Cents,
    ClientRef,
    CompanyRef,
    Created,
    Id,
    Moment,
    ShiftRef,
    UserRef,
    Words,
)

ASSIGNMENT_STATES = Enum("draft", "open", "filled", "done", "cancelled", name="assignment_state")
APPLICATION_STATES = Enum("pending", "accepted", "rejected", "withdrawn", name="application_state")
SHIFT_STATES = Enum("planned", "running", "done", "missed", name="shift_state")
CHECKIN_KINDS = Enum("in", "out", "patrol", name="checkin_kind")


class Assignment(Base):
    """A place to guard, for a time, by a number of guards."""

    __tablename__ = "assignments"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="assignments_span"),)
    id: Mapped[Id]
    company_id: Mapped[CompanyRef] = mapped_column(index=True)
    client_id: Mapped[ClientRef] = mapped_column(index=True)
    title: Mapped[Words]
    description: Mapped[Words] = mapped_column(server_default=text("''::text"))
    address: Mapped[Words]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    guards_needed: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    hourly_rate_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(ASSIGNMENT_STATES, server_default=text("'draft'::assignment_state"))
    created_at: Mapped[Created]


class Application(Base):
    """A guard who would take an assignment; once for each."""

    __tablename__ = "applications"
    __table_args__ = (UniqueConstraint("assignment_id", "guard_id"),)
    id: Mapped[Id]
    assignment_id: Mapped[AssignmentRef]
    guard_id: Mapped[UserRef] = mapped_column(index=True)
    motivation: Mapped[Words | None]
    state: Mapped[str] = mapped_column(APPLICATION_STATES, server_default=text("'pending'::application_state"))
    created_at: Mapped[Created]


class Shift(Base):
    """A guard at an assignment, from when to when."""

    __tablename__ = "shifts"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="shifts_span"),)
    id: Mapped[Id]
    assignment_id: Mapped[AssignmentRef] = mapped_column(index=True)
    guard_id: Mapped[UserRef] = mapped_column(index=True)
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    break_minutes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    state: Mapped[str] = mapped_column(SHIFT_STATES, server_default=text("'planned'::shift_state"))
    created_at: Mapped[Created]


class ShiftHours(Base):
    """What was worked on a shift, and who agreed to it. Paid minutes are without breaks."""

    __tablename__ = "shift_hours"
    id: Mapped[Id]
    shift_id: Mapped[ShiftRef] = mapped_column(unique=True)
    worked_from: Mapped[Moment]
    worked_to: Mapped[Moment]
    paid_minutes: Mapped[int | None] = mapped_column(Integer)
    approved_by: Mapped[UserRef | None]
    approved_at: Mapped[Moment | None]


class GpsCheckin(Base):
    """A guard's phone was there. Accuracy is a radius in meters."""

    __tablename__ = "gps_checkins"
    id: Mapped[Id]
    shift_id: Mapped[ShiftRef] = mapped_column(index=True)
    guard_id: Mapped[UserRef] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(CHECKIN_KINDS)
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    accuracy_meters: Mapped[float | None] = mapped_column(Double)
    recorded_at: Mapped[Created]
