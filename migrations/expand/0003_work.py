"""Assignments, applications, shifts with their hours, and check-ins."""

from alembic import op

revision = "0003_work"
down_revision = "0002_people"
branch_labels = None
depends_on = None

TYPES = """
    CREATE TYPE assignment_state AS ENUM ('draft', 'open', 'filled', 'done', 'cancelled');
    CREATE TYPE application_state AS ENUM ('pending', 'accepted', 'rejected', 'withdrawn');
    CREATE TYPE shift_state AS ENUM ('planned', 'running', 'done', 'missed');
    CREATE TYPE checkin_kind AS ENUM ('in', 'out', 'patrol');
"""
TABLES = """
    CREATE TABLE assignments (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        company_id uuid NOT NULL REFERENCES companies (id),
        client_id uuid NOT NULL REFERENCES clients (id),
        title text NOT NULL,
        description text NOT NULL DEFAULT '',
        address text NOT NULL,
        latitude double precision,
        longitude double precision,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        guards_needed integer NOT NULL DEFAULT 1,
        hourly_rate_cents bigint NOT NULL,
        state assignment_state NOT NULL DEFAULT 'draft',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT assignments_span CHECK (ends_at > starts_at)
    );
    CREATE INDEX ON assignments (company_id);
    CREATE INDEX ON assignments (client_id);
    CREATE TABLE applications (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        assignment_id uuid NOT NULL REFERENCES assignments (id),
        guard_id uuid NOT NULL REFERENCES users (id),
        motivation text,
        state application_state NOT NULL DEFAULT 'pending',
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (assignment_id, guard_id)
    );
    CREATE INDEX ON applications (guard_id);
    CREATE TABLE shifts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        assignment_id uuid NOT NULL REFERENCES assignments (id),
        guard_id uuid NOT NULL REFERENCES users (id),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        break_minutes integer NOT NULL DEFAULT 0,
        state shift_state NOT NULL DEFAULT 'planned',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT shifts_span CHECK (ends_at > starts_at)
    );
    CREATE INDEX ON shifts (assignment_id);
    CREATE INDEX ON shifts (guard_id);
    CREATE TABLE shift_hours (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        shift_id uuid NOT NULL UNIQUE REFERENCES shifts (id),
        worked_from timestamptz NOT NULL,
        worked_to timestamptz NOT NULL,
        worked_minutes integer NOT NULL,
        approved_by uuid REFERENCES users (id),
        approved_at timestamptz
    );
    CREATE TABLE gps_checkins (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        shift_id uuid NOT NULL REFERENCES shifts (id),
        guard_id uuid NOT NULL REFERENCES users (id),
        kind checkin_kind NOT NULL,
        latitude double precision NOT NULL,
        longitude double precision NOT NULL,
        accuracy_meters double precision,
        recorded_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON gps_checkins (shift_id);
    CREATE INDEX ON gps_checkins (guard_id);
"""


def upgrade() -> None:
    op.execute(TYPES)
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE gps_checkins, shift_hours, shifts, applications, assignments")
    op.execute("DROP TYPE checkin_kind, shift_state, application_state, assignment_state")
