"""The registry: filings, applications, the append-only log, notices and claimed numbers.

No foreign keys on purpose: every table is keyed by the filing's uid, and a row that is missing
(an erased application, a restored backup) must never stop a filing from being recorded.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    create table filings (
        uid text primary key,
        filing_id text not null,
        kind text not null,
        applicant_type text not null,
        province text not null,
        appid text not null,
        mini_program text not null,
        status text not null,
        round integer not null,
        waiting_for text,
        entered_at timestamptz not null,
        due_at timestamptz,
        overdue boolean not null,
        provisional boolean not null,
        filing_number text,
        subject_number text,
        sequence integer not null,
        started_at timestamptz not null,
        updated_at timestamptz not null default now(),
        closed_at timestamptz,
        view jsonb not null
    )
    """,
    "create index filings_filing_id on filings (filing_id, started_at desc)",
    "create index filings_appid on filings (appid, started_at desc)",
    # `list` asks for open filings in order of their deadline: nearly all others are closed.
    "create index filings_open_due on filings (due_at, started_at) where closed_at is null",
    "create index filings_open_overdue on filings (due_at) where closed_at is null and overdue",
    # Applications hold personal data: kept apart from the log, so that they can be erased from it.
    """
    create table applications (
        uid text not null,
        round integer not null,
        application jsonb not null,
        recorded_at timestamptz not null default now(),
        primary key (uid, round)
    )
    """,
    """
    create table events (
        uid text not null,
        sequence integer not null,
        purpose text not null,
        at timestamptz not null,
        status text not null,
        round integer not null,
        by text not null,
        note text not null,
        detail jsonb not null,
        digest text not null,
        recorded_at timestamptz not null default now(),
        primary key (uid, sequence, purpose)
    )
    """,
    """
    create table notices (
        uid text not null,
        sequence integer not null,
        purpose text not null,
        audience text not null,
        state text not null check (
            state in ('sending', 'sent', 'possibly_doubled', 'failed', 'no_channel')
        ),
        attempts integer not null default 1,
        reason text,
        first_at timestamptz not null default now(),
        last_at timestamptz not null default now(),
        sent_at timestamptz,
        primary key (uid, sequence, purpose, audience)
    )
    """,
    """
    create table numbers (
        number text primary key,
        uid text not null,
        claimed_at timestamptz not null default now()
    )
    """,
)

# A row trigger sees no truncate, hence two. `enable always`: not even a session in replica role
# gets past them. Who owns the table could still drop them; the role below cannot.
APPEND_ONLY = (
    """
    create function events_append_only() returns trigger language plpgsql as $$
    begin
        raise exception 'events is append-only: % is refused', lower(tg_op)
            using errcode = 'restrict_violation',
                  hint = 'What was recorded stays; record what is right as a new entry.';
    end
    $$
    """,
    """
    create trigger events_no_change before update or delete on events
        for each row execute function events_append_only()
    """,
    """
    create trigger events_no_truncate before truncate on events
        for each statement execute function events_append_only()
    """,
    "alter table events enable always trigger events_no_change",
    "alter table events enable always trigger events_no_truncate",
)

# Roles belong to the whole cluster: another database's upgrade may have made this one, now or at
# the same moment. Where the user may not create roles the registry works as that user.
ROLE = """
do $$
declare
    step text;
begin
    begin
        create role beian_app nologin;
    exception when duplicate_object or unique_violation or insufficient_privilege then
        null;
    end;
    if not exists (select from pg_roles where rolname = 'beian_app') then
        return;
    end if;
    foreach step in array array[
        format('grant beian_app to %I', current_user),
        format('grant usage on schema %I to beian_app', current_schema()),
        'grant select on alembic_version to beian_app',
        'grant select, insert on events to beian_app',
        'grant select, insert, update on filings, applications, notices, numbers to beian_app',
        'grant delete on applications to beian_app'
    ] loop
        begin
            execute step;
        exception when insufficient_privilege or invalid_grant_operation then
            raise notice 'beian_app: % was not possible', step;
        end;
    end loop;
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, *APPEND_ONLY, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
