"""Batches: what became of each row of a file of many.

`work` is the row's application or decision, and is gone as soon as the row is done: a filing's
application is in `applications`.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table batches (
        id text primary key,
        action text not null,
        file text not null,
        by text not null,
        rate double precision not null,
        queue boolean not null,
        times integer not null default 1,
        created_at timestamptz not null default now()
    )
    """,
    """
    create table batch_rows (
        batch text not null references batches (id),
        row integer not null,
        times integer not null,
        filing_id text,
        mini_program text,
        work jsonb,
        begun_at timestamptz,
        result text not null,
        uid text,
        detail jsonb not null default '{}',
        done_at timestamptz,
        primary key (batch, row)
    )
    """,
    "create index batch_rows_pending on batch_rows (batch, row) where result = 'pending'",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on batches, batch_rows to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on batches could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
