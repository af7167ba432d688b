"""Fills the paid minutes of hours that are there already."""

from alembic import op

from migrations.backfill import backfill

revision = "0008_fill_paid_minutes"
down_revision = "0007_paid_minutes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        backfill(
            "shift_hours",
            key="id",
            set_sql="paid_minutes = worked_minutes - s.break_minutes FROM shifts s",
            where="s.id = shift_hours.shift_id AND shift_hours.paid_minutes IS NULL AND worked_minutes IS NOT NULL",
        )
    )


def downgrade() -> None:
    """What was filled goes with its column, in the revision before."""
    op.execute("SELECT 'nothing to undo'")
