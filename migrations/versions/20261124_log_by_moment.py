"""The delivery log by moment"""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_delivery_company', 'delivery', ['company_id', 'moment'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_delivery_company', table_name='delivery')
