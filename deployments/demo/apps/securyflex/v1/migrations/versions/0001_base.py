"""Users, shifts, check-ins and payments, and the shifts the demo starts with."""

from alembic import op

revision = "0001_base"
down_revision = None
branch_labels = ("expand",)
depends_on = None

TABLES = """
    CREATE TABLE IF NOT EXISTS users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS shifts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        guard_id bigint NOT NULL REFERENCES users (id),
        site text NOT NULL,
        site_code text,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        pay_cents bigint NOT NULL CHECK (pay_cents > 0)
    );
    CREATE TABLE IF NOT EXISTS checkins (
        id uuid PRIMARY KEY,
        shift_id bigint NOT NULL REFERENCES shifts (id),
        latitude double precision NOT NULL,
        longitude double precision NOT NULL,
        source text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS checkins_created_at ON checkins (created_at);
    CREATE TABLE IF NOT EXISTS payments (
        id uuid PRIMARY KEY,
        shift_id bigint NOT NULL REFERENCES shifts (id),
        amount_cents bigint NOT NULL CHECK (amount_cents > 0),
        source text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS payments_created_at ON payments (created_at);
"""
ROWS = """
    INSERT INTO users (name) VALUES ('Amira Haddad'), ('Joost de Wit'), ('Lena Vermeer');
    INSERT INTO shifts (guard_id, site, site_code, starts_at, ends_at, pay_cents)
    SELECT 1 + n % 3,
           (ARRAY['Harbour gate', 'City museum', 'Arena north', 'Night market'])[1 + n % 4],
           'S-' || (100 + n),
           date_trunc('day', now()) + (n || ' hours')::interval,
           date_trunc('day', now()) + (n + 6 || ' hours')::interval,
           12000 + 500 * n
    FROM generate_series(1, 12) AS n;
"""


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute(TABLES)
    op.execute(ROWS)


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '30s'")
    op.execute("DROP TABLE IF EXISTS payments, checkins, shifts, users")
