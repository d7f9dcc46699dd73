"""Files with people, units, metrics, targets and history, kept until they are taken over."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import models.columns

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('intake',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('company_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sa.Enum('units', 'people', 'metrics', 'targets', 'history', name='intakekind', native_enum=False, length=40), nullable=False),
    sa.Column('state', sa.Enum('faulty', 'checked', 'taken', 'dropped', name='intakestate', native_enum=False, length=40), nullable=False),
    sa.Column('file_name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('cycle_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('totals', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('by_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('acted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('received_at', models.columns.Instant(timezone=True), nullable=False),
    sa.Column('outcome', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('taken_at', models.columns.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_intake_company', 'intake', ['company_id', 'received_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_intake_company', table_name='intake')
    op.drop_table('intake')
