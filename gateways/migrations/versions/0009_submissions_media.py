"""What a round has given to the authority on its way: what stood there before, files, face checks,
and the authority's lists."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STEPS = (
    "alter table submissions add column appid text",
    # What stood there right before it was applied for: what stands there later is its outcome only
    # where it is something else.
    "alter table submissions add column before text",
    "alter table submissions add column procedure_id text",
    "alter table submissions add column pay_url text",
    "create index submissions_appid on submissions (appid, begun_at desc)",
    """
    create table uploads (
        uid text not null,
        round integer not null,
        sha256 text not null,
        certificate_type integer not null,
        media_id text not null,
        uploaded_at timestamptz not null default now(),
        primary key (uid, round, sha256, certificate_type)
    )
    """,
    """
    create table face_checks (
        uid text not null,
        round integer not null,
        task_id text not null,
        link text,
        created_at timestamptz not null default now(),
        over text,
        primary key (uid, round, task_id)
    )
    """,
    """
    create table authority_lists (
        name text primary key,
        fetched_at timestamptz not null,
        items jsonb not null
    )
    """,
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update, delete on uploads to beian_app;
        grant select, insert, update on face_checks, authority_lists to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on what is submitted could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*STEPS, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
