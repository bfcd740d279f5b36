"""Calendars: the notices that were imported, append-only; and by which one a window was counted."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    # Of a year's rows the one with the highest version is in force; an import takes a lock until
    # it is committed, so that versions become visible in their order.
    """
    create table calendars (
        version integer generated always as identity primary key,
        year integer not null,
        title text not null,
        announced_on date not null,
        holidays date[] not null,
        working_weekends date[] not null,
        periods jsonb not null,
        digest text not null,
        imported_at timestamptz not null default now(),
        imported_by text not null
    )
    """,
    "create index calendars_year on calendars (year, version desc)",
    "alter table filings add column window_start timestamptz",
    "alter table filings add column calendar text",
    # Where a window began is not known of older rows: its readers take the filing's start.
    "update filings set calendar = view->>'calendar' where closed_at is null",
)

# As for `events`: two triggers, for a row trigger sees no truncate.
APPEND_ONLY = (
    """
    create function calendars_append_only() returns trigger language plpgsql as $$
    begin
        raise exception 'calendars is append-only: % is refused', lower(tg_op)
            using errcode = 'restrict_violation',
                  hint = 'Windows were counted by what is here; import what is right as a new one.';
    end
    $$
    """,
    """
    create trigger calendars_no_change before update or delete on calendars
        for each row execute function calendars_append_only()
    """,
    """
    create trigger calendars_no_truncate before truncate on calendars
        for each statement execute function calendars_append_only()
    """,
    "alter table calendars enable always trigger calendars_no_change",
    "alter table calendars enable always trigger calendars_no_truncate",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert on calendars to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on calendars could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*TABLES, *APPEND_ONLY, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
