"""The platform's ticket, the access tokens of all workers, and the authority's quotas as read last."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table component_tickets (
        component_appid text primary key,
        ticket text not null,
        created_at timestamptz not null,
        received_at timestamptz not null default now()
    )
    """,
    # appid '': the platform's own token.
    """
    create table authority_tokens (
        component_appid text not null,
        appid text not null,
        access_token text,
        renew_at timestamptz,
        refresh_token text,
        refused_at timestamptz,
        primary key (component_appid, appid)
    )
    """,
    """
    create table authority_quotas (
        component_appid text not null,
        cgi_path text not null,
        daily_limit bigint not null,
        read_at timestamptz not null default now(),
        primary key (component_appid, cgi_path)
    )
    """,
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on component_tickets to beian_app;
        grant select, insert, update on authority_tokens to beian_app;
        grant select, insert, update on authority_quotas to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on the authority''s tables could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
