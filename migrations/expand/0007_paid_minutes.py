"""Hours get paid minutes, without breaks; the version before still writes worked minutes."""

from alembic import op

revision = "0007_paid_minutes"
down_revision = "0006_row_security"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shift_hours ADD COLUMN paid_minutes integer, ALTER COLUMN worked_minutes DROP NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE shift_hours DROP COLUMN paid_minutes, ALTER COLUMN worked_minutes SET NOT NULL")
