"""Agencies and their customers; names and numbers that can be looked for; the log in the order in
which statistics read it.

`pg_trgm` is no part of every PostgreSQL (the embedded one lacks it), and sees nothing in Chinese text
under the C locale: names are found by an index of all their single characters and pairs instead.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STEPS = (
    "alter table filings add column agency text",
    "alter table filings add column customer text",
    "create index filings_agency on filings (agency, started_at) where agency is not null",
    "create index filings_customer on filings (customer, started_at) where customer is not null",
    # One spelling of a name: full-width and half-width, upper and lower case are the same.
    """
    create function name_folded(name text) returns text
    language sql immutable strict parallel safe
    return lower(normalize(name, nfkc))
    """,
    """
    create function name_parts(name text) returns text[]
    language sql immutable strict parallel safe
    return array(
        select distinct substr(lower(normalize(name, nfkc)), first, length)
        from generate_series(1, char_length(normalize(name, nfkc))) as first,
            generate_series(1, 2) as length
        where first + length - 1 <= char_length(normalize(name, nfkc))
    )
    """,
    # A table of its own: a filing's row is written with each step, its name hardly ever, and this
    # index would make each of those writes five times as dear.
    """
    create table filing_names (
        uid text primary key,
        name text not null
    )
    """,
    "insert into filing_names (uid, name) select uid, mini_program from filings",
    "create index filing_names_parts on filing_names using gin (name_parts(name))",
    """
    create function filing_named() returns trigger language plpgsql as $$
    begin
        insert into filing_names (uid, name) values (new.uid, new.mini_program)
        on conflict (uid) do update set name = excluded.name;
        return null;
    end
    $$
    """,
    """
    create trigger filings_named after insert on filings
        for each row execute function filing_named()
    """,
    """
    create trigger filings_renamed after update on filings
        for each row when (old.mini_program is distinct from new.mini_program)
        execute function filing_named()
    """,
    # Numbers are looked for by how they begin: a subject's number is its mini programs' stem.
    "create index filings_number on filings (filing_number text_pattern_ops)"
    " where filing_number is not null",
    "create index filings_subject on filings (subject_number text_pattern_ops)"
    " where subject_number is not null",
    # What is in force of a sequence is its last row. From a filing's end to its beginning, for each
    # stay in a stage ends where the next one begins; read without the table itself.
    "create index events_turns on events (uid, sequence desc, number desc)"
    " include (purpose, at, status, round)",
    "create index events_conflicts on events (uid) where starts_with(purpose, 'conflict-')",
    "create index events_reasons on events (uid, sequence)"
    " where purpose = 'transition' and detail ? 'reasons'",
)

ROLE = """
do $$
begin
    if exists (select from pg_roles where rolname = 'beian_app') then
        grant select, insert, update on filing_names to beian_app;
    end if;
exception when insufficient_privilege or invalid_grant_operation then
    raise notice 'beian_app: rights on filing_names could not be granted';
end
$$
"""


def upgrade() -> None:
    for statement in (*STEPS, ROLE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the registry only goes forward: restore a backup instead")
