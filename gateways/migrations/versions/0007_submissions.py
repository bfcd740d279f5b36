"""Which round's application was given to the authority, whose API has no key for a request."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
create table submissions (
    uid text not null,
    round integer not null,
    begun_at timestamptz not null default now(),
    taken_at timestamptz,
    primary key (uid, round)
)
"""

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on submissions to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on submissions could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (TABLE, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
