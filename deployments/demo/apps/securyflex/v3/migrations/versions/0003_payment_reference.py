"""Payments may carry the reference of the client's own books; v2 neither reads nor writes it."""

from alembic import op

revision = "0003_payment_reference"
down_revision = "0002_accuracy"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE payments ADD COLUMN IF NOT EXISTS reference text")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE payments DROP COLUMN IF EXISTS reference")
