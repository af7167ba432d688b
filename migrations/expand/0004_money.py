"""Invoices, payments and the transactions at Finqle."""

from alembic import op

revision = "0004_money"
down_revision = "0003_work"
branch_labels = None
depends_on = None

TABLES = """
    CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'paid', 'overdue', 'void');
    CREATE TYPE payment_state AS ENUM ('pending', 'paid', 'failed', 'refunded');
    CREATE TABLE invoices (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        company_id uuid NOT NULL REFERENCES companies (id),
        client_id uuid NOT NULL REFERENCES clients (id),
        number text NOT NULL UNIQUE,
        issued_on date NOT NULL,
        due_on date NOT NULL,
        amount_cents bigint NOT NULL,
        vat_cents bigint NOT NULL,
        state invoice_state NOT NULL DEFAULT 'draft',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT invoices_amounts CHECK (amount_cents >= 0 AND vat_cents >= 0)
    );
    CREATE INDEX ON invoices (company_id);
    CREATE INDEX ON invoices (client_id);
    CREATE TABLE payments (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        invoice_id uuid REFERENCES invoices (id),
        shift_id uuid REFERENCES shifts (id),
        guard_id uuid REFERENCES users (id),
        amount_cents bigint NOT NULL,
        state payment_state NOT NULL DEFAULT 'pending',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT payments_amount CHECK (amount_cents > 0)
    );
    CREATE INDEX ON payments (invoice_id);
    CREATE INDEX ON payments (shift_id);
    CREATE INDEX ON payments (guard_id);
    CREATE TABLE finqle_transactions (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        payment_id uuid NOT NULL REFERENCES payments (id),
        reference text NOT NULL UNIQUE,
        kind text NOT NULL,
        amount_cents bigint NOT NULL,
        fee_cents bigint NOT NULL DEFAULT 0,
        details jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON finqle_transactions (payment_id);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE finqle_transactions, payments, invoices; DROP TYPE payment_state, invoice_state")
