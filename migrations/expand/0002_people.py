"""Users in their roles, guards, companies and clients."""

from alembic import op

revision = "0002_people"
down_revision = "0001_auth"
branch_labels = None
depends_on = None

TABLES = """
    CREATE TYPE user_role AS ENUM ('guard', 'company', 'client', 'admin');
    CREATE TABLE users (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        email text NOT NULL UNIQUE,
        role user_role NOT NULL,
        full_name text NOT NULL,
        phone text,
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE guard_profiles (
        user_id uuid PRIMARY KEY REFERENCES users (id),
        badge_number text NOT NULL UNIQUE,
        badge_expires_on date NOT NULL,
        hourly_rate_cents bigint NOT NULL,
        city text NOT NULL,
        certificates text[] NOT NULL DEFAULT '{}',
        is_available boolean NOT NULL DEFAULT true
    );
    CREATE TABLE companies (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        owner_id uuid NOT NULL REFERENCES users (id),
        name text NOT NULL,
        kvk_number text NOT NULL UNIQUE,
        vat_number text,
        permit_number text,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON companies (owner_id);
    CREATE TABLE clients (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        company_id uuid NOT NULL REFERENCES companies (id),
        user_id uuid REFERENCES users (id),
        name text NOT NULL,
        contact_email text,
        city text,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON clients (company_id);
    CREATE INDEX ON clients (user_id);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE clients, companies, guard_profiles, users; DROP TYPE user_role")
