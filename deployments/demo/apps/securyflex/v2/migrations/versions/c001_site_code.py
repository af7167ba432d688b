"""Drops the site code, which only v1 reads: for when nothing can go back to v1 any more."""

from alembic import op

revision = "c001_site_code"
down_revision = None
branch_labels = ("contract",)
depends_on = "0002_accuracy"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE shifts DROP COLUMN IF EXISTS site_code")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("SET LOCAL statement_timeout = '10s'")
    op.execute("ALTER TABLE shifts ADD COLUMN IF NOT EXISTS site_code text")
    # Codes were always made from the id, so they can be made again.
    op.execute("UPDATE shifts SET site_code = 'S-' || (100 + id)")
