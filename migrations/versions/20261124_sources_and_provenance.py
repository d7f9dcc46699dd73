"""Sources, their fetches, and where records came from."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from sqlalchemy import Text

import models.columns
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('fetch',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mode', sa.Enum('test', 'dry-run', 'take-over', name='fetchmode', native_enum=False, length=40), nullable=False),
    sa.Column('state', sa.Enum('running', 'done', 'refused', 'failed', name='fetchstate', native_enum=False, length=40), nullable=False),
    sa.Column('from_on', sa.Date(), nullable=True),
    sa.Column('until_on', sa.Date(), nullable=True),
    sa.Column('asked_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('started_at', models.columns.Instant(timezone=True), nullable=False),
    sa.Column('ended_at', models.columns.Instant(timezone=True), nullable=True),
    sa.Column('progress', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('outcome', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('trouble', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('fetch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fetch_company_id'), ['company_id'], unique=False)
        batch_op.create_index('ix_fetch_source', ['source_id', 'started_at'], unique=False)

    op.create_table('row_fault',
    sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('deal', 'payment', 'visit', 'hours', 'rate', name='recordkind', native_enum=False, length=40), nullable=False),
    sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('column_name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('value', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('suggestion', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('is_blocking', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('fetch_id', 'position')
    )
    op.create_table('staged_row',
    sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('deal', 'payment', 'visit', 'hours', 'rate', name='recordkind', native_enum=False, length=40), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cells', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('fetch_id', 'kind', 'external_id')
    )
    op.create_table('source',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('salesforce', 'dingtalk', 'database', 'files', name='sourcekind', native_enum=False, length=40), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('settings', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('secrets', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('maps', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('every_minutes', sa.Integer(), nullable=False),
    sa.Column('stale_after_hours', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('created_at', models.columns.Instant(timezone=True), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True),
    sa.Column('cursors', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('source', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_source_company_id'), ['company_id'], unique=False)

    with op.batch_alter_table('deal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('original_amount', models.columns.Exact(), nullable=True))
        batch_op.add_column(sa.Column('rate_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('share', models.columns.Exact(), nullable=False, server_default='1000000'))
        batch_op.add_column(sa.Column('whole_amount', models.columns.Exact(), nullable=True))
        batch_op.create_index('ix_deal_source', ['source_id', 'external_id'], unique=False)

    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True))
        batch_op.create_index('ix_payment_source', ['source_id', 'external_id'], unique=False)

    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('checked_in_at', models.columns.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('checked_out_at', models.columns.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('place', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('project', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
        batch_op.create_index('ix_visit_source', ['source_id', 'external_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_source')
        batch_op.drop_column('project')
        batch_op.drop_column('place')
        batch_op.drop_column('checked_out_at')
        batch_op.drop_column('checked_in_at')
        batch_op.drop_column('fetched_at')
        batch_op.drop_column('fetch_id')
        batch_op.drop_column('external_id')
        batch_op.drop_column('source_id')

    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_source')
        batch_op.drop_column('fetched_at')
        batch_op.drop_column('fetch_id')
        batch_op.drop_column('external_id')
        batch_op.drop_column('source_id')

    with op.batch_alter_table('deal', schema=None) as batch_op:
        batch_op.drop_index('ix_deal_source')
        batch_op.drop_column('whole_amount')
        batch_op.drop_column('share')
        batch_op.drop_column('rate_on')
        batch_op.drop_column('original_amount')
        batch_op.drop_column('fetched_at')
        batch_op.drop_column('fetch_id')
        batch_op.drop_column('external_id')
        batch_op.drop_column('source_id')

    with op.batch_alter_table('source', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_source_company_id'))

    op.drop_table('source')
    op.drop_table('staged_row')
    op.drop_table('row_fault')
    with op.batch_alter_table('fetch', schema=None) as batch_op:
        batch_op.drop_index('ix_fetch_source')
        batch_op.drop_index(batch_op.f('ix_fetch_company_id'))

    op.drop_table('fetch')
