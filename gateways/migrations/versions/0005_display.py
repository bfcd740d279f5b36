"""Displays: of each number that was granted, whether and since when it is shown."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table displays (
        number text primary key,
        uid text not null,
        filing_id text not null,
        appid text not null,
        status text not null,
        sequence integer not null,
        started_at timestamptz not null,
        ends_at timestamptz not null,
        displayed_at timestamptz,
        displayed_by text,
        note text,
        updated_at timestamptz not null default now(),
        closed_at timestamptz,
        view jsonb not null
    )
    """,
    "create index displays_uid on displays (uid)",
    "create index displays_appid on displays (appid)",
    "create index displays_filing_id on displays (filing_id)",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on displays to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on displays could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
