"""What the authority pushes: each call once, and each event with what became of it."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = (
    # One row a call, of every kind: a call that is here already is a replay. Those that are too
    # old to be taken again are deleted, the newest never: it tells when the last push came.
    """
    create table authority_calls (
        call_id text primary key,
        received_at timestamptz not null default now()
    )
    """,
    "create index authority_calls_received_at on authority_calls (received_at)",
    # `sealed` is the authority's own ciphertext: readable only with the key of the settings.
    """
    create table authority_events (
        event_id text primary key,
        source text not null,
        kind text not null,
        type text not null,
        appid text,
        fields jsonb not null,
        sealed text,
        happened_at timestamptz not null,
        received_at timestamptz not null default now(),
        state text not null,
        filing_id text,
        uid text,
        attempts integer not null default 0,
        due_at timestamptz not null default now(),
        signalled_at timestamptz
    )
    """,
    # What the combined flow's pushes name in place of a mini program.
    "create index submissions_procedure_id on submissions (procedure_id)",
    "create index authority_events_received_at on authority_events (received_at)",
    "create index authority_events_appid on authority_events (appid, received_at)",
    "create index authority_events_waiting on authority_events (due_at) where state = 'waiting'",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on authority_events to beian_app;
        grant select, insert, delete on authority_calls to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on what the authority pushes could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
