"""Notifications, audit log and security log."""

from alembic import op

revision = "0005_records"
down_revision = "0004_money"
branch_labels = None
depends_on = None

TABLES = """
    CREATE TABLE notifications (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES users (id),
        kind text NOT NULL,
        title text NOT NULL,
        body text NOT NULL,
        read_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON notifications (user_id);
    CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        actor_id uuid,
        action text NOT NULL,
        entity text NOT NULL,
        entity_id uuid,
        changes jsonb,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON audit_log (entity_id);
    CREATE INDEX ON audit_log (created_at);
    CREATE TABLE security_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id uuid,
        event text NOT NULL,
        ip_address inet,
        user_agent text,
        succeeded boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON security_log (user_id);
    CREATE INDEX ON security_log (created_at);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE security_log, audit_log, notifications")
