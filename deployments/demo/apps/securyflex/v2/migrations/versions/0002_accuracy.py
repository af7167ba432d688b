"""Check-ins get the accuracy that the phone reports; v1 neither reads nor writes it."""

from alembic import op

revision = "0002_accuracy"
down_revision = "0001_base"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE checkins ADD COLUMN IF NOT EXISTS accuracy_meters double precision")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE checkins DROP COLUMN IF EXISTS accuracy_meters")
