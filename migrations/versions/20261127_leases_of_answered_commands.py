"""Commands that are over keep no lease: with one they would be asked of the engine again."""

from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE command SET claimed_until = NULL WHERE state <> 'received'")


def downgrade() -> None:
    """Nothing to undo: a lease says nothing of a command that is over."""
