"""The inventory of mini programs, and the marks for clear-out.

Whom was told what stands in `notices`: the uid of a listing notice is `listing-<appid>-<deadline>`.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table inventory (
        appid text primary key,
        name text not null,
        contact text not null,
        listed_since date,
        imported_at timestamptz not null default now(),
        changed_at timestamptz not null default now()
    )
    """,
    # Kept when it is lifted: since when it was marked, and until when, may be asked later.
    """
    create table clear_out_marks (
        appid text not null,
        clear_out_from date not null,
        marked_on date not null,
        lifted_on date,
        recorded_at timestamptz not null default now(),
        primary key (appid, clear_out_from)
    )
    """,
    "create index clear_out_marks_standing on clear_out_marks (appid) where lifted_on is null",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on inventory, clear_out_marks to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on the inventory could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
