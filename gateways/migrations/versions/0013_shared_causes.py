"""What stops every filing alike, and whose notice told operations of it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STEPS = (
    """
    create table shared_causes (
        cause text primary key,
        uid text not null,
        sequence integer not null,
        claimed_at timestamptz not null,
        sent_at timestamptz,
        over_at timestamptz
    )
    """,
    "alter table notices drop constraint notices_state_check",
    """
    alter table notices add constraint notices_state_check check (
        state in ('sending', 'sent', 'possibly_doubled', 'failed', 'no_channel', 'shared')
    )
    """,
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update, delete on shared_causes to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on shared_causes could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*STEPS, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
