"""The most urgent open task of each of 2,000 departments is found by an index."""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_index('ix_task_department')
        batch_op.create_index(
            'ix_task_department', ['cycle_id', 'department_id', 'state', 'deadline_at', 'id'], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_index('ix_task_department')
        batch_op.create_index('ix_task_department', ['cycle_id', 'department_id'], unique=False)
