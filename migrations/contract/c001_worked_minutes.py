"""Drops the worked minutes, once nothing writes or reads them."""

from alembic import op

revision = "c001_worked_minutes"
down_revision = None
branch_labels = ("contract",)
depends_on = "0008_fill_paid_minutes"


def upgrade() -> None:
    op.execute("ALTER TABLE shift_hours DROP COLUMN worked_minutes")


def downgrade() -> None:
    """The column comes back; breaks are known from the shifts, so its values can be made again."""
    op.execute("ALTER TABLE shift_hours ADD COLUMN worked_minutes integer")
    op.execute(
        "UPDATE shift_hours SET worked_minutes = paid_minutes + s.break_minutes"
        " FROM shifts s WHERE s.id = shift_hours.shift_id"
    )
