"""Exchange rates by day; names that sources list, and rows that are wrong as a whole."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.columns

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('exchange_rate',
    sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('currency', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('rate', models.columns.ExactRate(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('exchange_rate', schema=None) as batch_op:
        batch_op.create_index('ix_exchange_rate_day', ['company_id', 'currency', 'day'], unique=False)
        batch_op.create_index('ix_exchange_rate_source', ['source_id', 'external_id'], unique=False)

    with op.batch_alter_table('staged_row', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fault', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('list_of', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))


def downgrade() -> None:
    with op.batch_alter_table('staged_row', schema=None) as batch_op:
        batch_op.drop_column('list_of')
        batch_op.drop_column('fault')

    op.drop_table('exchange_rate')
