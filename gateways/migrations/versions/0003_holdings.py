"""Holdings: subjects and mini programs on file, their history, and what open filings have claimed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    # The key of the hash that stands for a certificate's number: drawn once, so that a copy of the
    # tables below without it cannot be turned back into numbers by trying them all.
    """
    create table identity_key (
        single boolean primary key default true check (single),
        key bytea not null
    )
    """,
    # 32 bytes from two random UUIDs, which need no extension.
    """
    insert into identity_key (key) values (
        decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    )
    """,
    """
    create table subjects (
        subject_key text primary key,
        subject_number text,
        province text not null,
        applicant_type text not null,
        status text not null check (status in ('filed', 'cancelled')),
        data jsonb not null,
        uid text not null,
        updated_at timestamptz not null
    )
    """,
    """
    create table mini_programs (
        appid text primary key,
        subject_key text not null,
        filing_number text,
        name text not null,
        status text not null check (status in ('filed', 'cancelled', 'access_cancelled')),
        data jsonb not null,
        uid text not null,
        filed_on date not null,
        ended_on date,
        updated_at timestamptz not null
    )
    """,
    "create index mini_programs_subject on mini_programs (subject_key)",
    # Holds data of persons, as `applications` does, and can be erased like them.
    """
    create table holdings_history (
        uid text not null,
        record text not null,
        status text not null,
        data jsonb not null,
        at timestamptz not null,
        primary key (uid, record)
    )
    """,
    """
    create table claims (
        key text primary key,
        uid text not null,
        filing_id text not null,
        claimed_at timestamptz not null default now()
    )
    """,
    "create index claims_uid on claims (uid)",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select on identity_key to beian_app;
        grant select, insert, update on subjects, mini_programs to beian_app;
        grant select, insert, delete on holdings_history to beian_app;
        grant select, insert, update, delete on claims to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on holdings could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
