"""What is owed and paid: invoices to clients, payments to guards, and the transactions at Finqle behind them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Enum, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as Uuid
from sqlalchemy.orm import Mapped, mapped_column

from migrations.models.base import Base, Cents, ClientRef, CompanyRef, Created, Id, ShiftRef, UserRef, Words

INVOICE_STATES = Enum("draft", "sent", "paid", "overdue", "void", name="invoice_state")
PAYMENT_STATES = Enum("pending", "paid", "failed", "refunded", name="payment_state")


class Invoice(Base):
    """From a company to one of its clients; amounts without and of VAT."""

    __tablename__ = "invoices"
    __table_args__ = (CheckConstraint("amount_cents >= 0 AND vat_cents >= 0", name="invoices_amounts"),)
    id: Mapped[Id]
    company_id: Mapped[CompanyRef] = mapped_column(index=True)
    client_id: Mapped[ClientRef] = mapped_column(index=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    amount_cents: Mapped[Cents]
    vat_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(INVOICE_STATES, server_default=text("'draft'::invoice_state"))
    created_at: Mapped[Created]


class Payment(Base):
    """To a guard for a shift, or by a client for an invoice."""

    __tablename__ = "payments"
    __table_args__ = (CheckConstraint("amount_cents > 0", name="payments_amount"),)
    id: Mapped[Id]
    invoice_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("invoices.id"), index=True)
    shift_id: Mapped[ShiftRef | None] = mapped_column(index=True)
    guard_id: Mapped[UserRef | None] = mapped_column(index=True)
    amount_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(PAYMENT_STATES, server_default=text("'pending'::payment_state"))
    created_at: Mapped[Created]


class FinqleTransaction(Base):
    """As Finqle reported it; `reference` is Finqle's own and comes once, however often it is delivered."""

    __tablename__ = "finqle_transactions"
    id: Mapped[Id]
    payment_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("payments.id"), index=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[Words]
    amount_cents: Mapped[Cents]
    fee_cents: Mapped[Cents] = mapped_column(server_default=text("0"))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    created_at: Mapped[Created]
