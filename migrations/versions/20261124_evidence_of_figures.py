"""Hours worked, figures that stand out, causes of misses."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import models.columns

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('anomaly',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cycle_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('team_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('metric_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('figure_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('turn', sa.Enum('drop', 'jump', name='turn', native_enum=False, length=40), nullable=False),
    sa.Column('value', models.columns.Exact(), nullable=False),
    sa.Column('usual', models.columns.Exact(), nullable=False),
    sa.Column('lowest', models.columns.Exact(), nullable=False),
    sa.Column('highest', models.columns.Exact(), nullable=False),
    sa.Column('months', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('open', 'explained', 'gone', name='anomalystate', native_enum=False, length=40), nullable=False),
    sa.Column('found_at', models.columns.Instant(timezone=True), nullable=False),
    sa.Column('explanation', sa.Enum('true', 'one-off', 'data-error', name='explanation', native_enum=False, length=40), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('explained_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('acted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('explained_at', models.columns.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('anomaly', schema=None) as batch_op:
        batch_op.create_index('ix_anomaly_department', ['cycle_id', 'department_id', 'state'], unique=False)
        batch_op.create_index('ix_anomaly_figure', ['figure_id'], unique=False)

    op.create_table('miss_cause',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cycle_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('owner_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('metric_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cause', sa.Enum('target', 'external', 'execution', name='cause', native_enum=False, length=40), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('by_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('acted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', models.columns.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('miss_cause', schema=None) as batch_op:
        batch_op.create_index('ix_miss_cause_owner', ['cycle_id', 'owner_id', 'metric_id', 'at'], unique=False)

    op.create_table('work_hours',
    sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fetch_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fetched_at', models.columns.Instant(timezone=True), nullable=True),
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('seller_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('worked_on', sa.Date(), nullable=False),
    sa.Column('project', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('selling', 'travel', 'internal', 'office', name='workkind', native_enum=False, length=40), nullable=False),
    sa.Column('hours', models.columns.Exact(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('work_hours', schema=None) as batch_op:
        batch_op.create_index('ix_work_hours_seller', ['company_id', 'seller_id', 'worked_on'], unique=False)
        batch_op.create_index('ix_work_hours_source', ['source_id', 'external_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('work_hours', schema=None) as batch_op:
        batch_op.drop_index('ix_work_hours_source')
        batch_op.drop_index('ix_work_hours_seller')

    op.drop_table('work_hours')
    with op.batch_alter_table('miss_cause', schema=None) as batch_op:
        batch_op.drop_index('ix_miss_cause_owner')

    op.drop_table('miss_cause')
    with op.batch_alter_table('anomaly', schema=None) as batch_op:
        batch_op.drop_index('ix_anomaly_figure')
        batch_op.drop_index('ix_anomaly_department')

    op.drop_table('anomaly')
