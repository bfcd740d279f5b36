"""Figures about many filings, computed by PostgreSQL from the log and the filings' rows.

A stay in a stage runs from the transition into it to the next one that is in force; the last stay of
an open filing runs until now. Of a sequence the row that was written last is in force, `conflict-…`
rows beside it are not (`gateways/event_log.py`); where the log and the filing's own row do not say the
same of where it stands (after a reset), the row's word is the last stay. Working days are looked up
in a list of their running count, by day.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from filing.process.facts import SMS_LAPSE
from filing.stats import (
    By,
    Figures,
    ReasonFigures,
    StageFigures,
    Stats,
    StatsQuery,
    Stays,
    held_by,
    share,
)
from filing.vocabulary import FINAL, Status
from filing.windows import Arrangement
from filing.workdays import working_days_until
from gateways.event_log import CONFLICT, storable
from gateways.registry import Registry

if TYPE_CHECKING:
    from gateways.database import Connection

FIRST_DAY, LAST_DAY = date(2004, 1, 1), date(2100, 12, 31)
"""Days that working days are counted for; what lies outside counts as the nearest of them."""
SORT_MEMORY = "64MB"
PATIENCE = 300
"""Seconds for one question: figures are worth waiting for, also on a busy machine."""

_GROUPS = {
    By.STAGE: "''",
    By.PROVINCE: "province",
    By.AGENCY: "coalesce(agency, '')",
    By.CUSTOMER: "coalesce(customer, '')",
    By.KIND: "kind",
}
_FINAL = ", ".join(f"'{status.value}'" for status in Status if status in FINAL)
_NOT_ACCEPTED = f"sequence = 0 and closed_at is not null and status in ({_FINAL})"
_ACCEPTED = f"not ({_NOT_ACCEPTED})"


def _day(instant: str) -> str:
    """Which of the running counts is that of an instant's day, China time."""
    number = f"({instant} at time zone interval '+08:00')::date - date '{FIRST_DAY}' + 1"
    return f"least(greatest({number}, 1), {(LAST_DAY - FIRST_DAY).days + 1})"


def _days(start: str, end: str) -> str:
    """The working days of a stretch, counted as a window is (`filing.workdays`): not the day on which
    it began, and an end at 00:00 is 24:00 of the day before."""
    last = _day(f"({end} - interval '1 microsecond')")
    return f"case when {end} <= {start} then 0 else ($1::int[])[{last}] - ($1::int[])[{_day(start)}] end"


_COHORT = """
with cohort as materialized (
    select uid, {grp} as grp, status, round, started_at, entered_at, closed_at, overdue
    from filings where {accepted} and {filter}
)"""

_FILINGS = f"""
, groups as (
select grouping(grp) = 1 as every, grp, count(*) as filings,
    count(*) filter (where closed_at is null) as open,
    count(*) filter (where closed_at is null and overdue) as overdue_now,
    count(*) filter (where closed_at is not null and status not in ({_FINAL})) as outside,
    count(*) filter (where status = 'approved') as approved,
    count(*) filter (where status = 'rejected') as rejected,
    count(*) filter (where status = 'withdrawn') as withdrawn,
    count(*) filter (where status = 'lapsed') as lapsed,
    count(*) filter (where status = 'approved' and round = 1) as first_time,
    percentile_disc(array[0.5, 0.95]) within group (order by {_days("started_at", "entered_at")})
        filter (where status = 'approved') as percentiles
from cohort group by grouping sets ((grp), ())
)
select *, count(*) over () - 1 as all_groups
from groups order by every desc, filings desc, grp limit $2 + 1
"""  # noqa: S608 — of our own words; what people give are parameters

_STAYS = f"""
, entries as (
    select distinct on (uid, sequence) uid, sequence, purpose, at, status, round
    from events where not starts_with(purpose, '{CONFLICT}') {{of_cohort}}
    order by uid, sequence desc, number desc
), turns as (
    select uid, purpose, at, status, round,
        coalesce(last_value(purpose) over later = 'overdue', false) as overdue,
        min(at) filter (where purpose = 'transition') over later as left_at
    from entries where purpose in ('transition', 'overdue')
    -- from the filing's end, so that what came later comes first; the last of it came next
    window later as (
        partition by uid order by sequence desc rows between unbounded preceding and 1 preceding
    )
), told as materialized (
    select cohort.grp, turns.status, turns.at, turns.overdue, turns.left_at,
        (turns.status, turns.round) = (cohort.status, cohort.round) as stands,
        cohort.status as row_status, cohort.entered_at as row_entered,
        cohort.overdue as row_overdue, cohort.closed_at
    from cohort left join turns on turns.uid = cohort.uid and turns.purpose = 'transition'
), stays as (
    select grp, status, at, overdue, case
        when left_at is not null then left_at when not stands then row_entered else closed_at
        end as left_at
    from told where status is not null
    union all
    -- a filing whose last turn is not where it stands, or that has none
    select grp, row_status, row_entered, row_overdue, closed_at
    from told where left_at is null and stands is not true
)
select grp, status, overdue, left_at is not null as left_it,
    {_days("at", "coalesce(left_at, $2::timestamptz)")} as days, count(*) as count
from stays where status not in ({_FINAL}) group by 1, 2, 3, 4, 5
"""  # noqa: S608
"""So many stays of each length: there are few lengths, and counting them takes no sorting."""

_REASONS = """
, told as (
    select cohort.grp, detail->'reasons' as reasons, count(*) as count
    from events join cohort using (uid)
    where purpose = 'transition' and detail ? 'reasons' and not exists (
        select from events as later
        where later.uid = events.uid and later.sequence = events.sequence
            and later.number > events.number and not starts_with(later.purpose, 'conflict-')
    ) group by 1, 2
), counted as (
    select grouping(grp) = 1 as every, grp, field, reason, sum(count)::bigint as count
    from told, lateral (
        select distinct reason->>'field' as field, btrim(reason->>'reason') as reason
        from jsonb_array_elements(reasons) as reason
    ) as given
    group by grouping sets ((grp, field, reason), (field, reason))
), ranked as (
    select *, row_number() over (
        partition by every, grp, (field, reason) = ($1, $2)
        order by count desc, field, reason
    ) as rank
    from counted
)
select every, grp, field, reason, count, (field, reason) = ($1, $2) as lapse
from ranked where rank <= $3 order by every, grp, rank
"""

_COUNTS = f"""
select count(*) filter (where {_NOT_ACCEPTED}) as not_accepted,
    count(*) filter (where {_ACCEPTED} and uid in
        (select uid from events where starts_with(purpose, '{CONFLICT}'))) as conflicts
from filings where {{filter}}
"""  # noqa: S608


class _Collected:
    """The rows of one group, from each of the questions."""

    def __init__(self) -> None:
        self.stages: list[StageFigures] = []
        self.reasons: list[ReasonFigures] = []
        self.lapses = 0


class FilingStats:
    """Answers `stats` from the registry. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def figures(self, query: StatsQuery, arrangement: Arrangement, now: datetime) -> Stats:
        """All figures, of one instant; working days by this calendar, open stays up to `now`."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(f"set local work_mem = '{SORT_MEMORY}'")
            return await _figures(connection, query, arrangement, now)


async def _figures(
    connection: "Connection", query: StatsQuery, arrangement: Arrangement, now: datetime
) -> Stats:
    running = working_days_until(arrangement, FIRST_DAY, LAST_DAY)
    most = 0 if query.by is By.STAGE else query.groups
    total, *groups = await _ask(connection, query, None, _FILINGS, running, most)
    keys = [row["grp"] for row in groups]
    stays = await _ask(connection, query, keys, _STAYS, running, now)
    lapse = (SMS_LAPSE.field, SMS_LAPSE.reason)
    reasons = await _ask(connection, query, keys, _REASONS, *lapse, query.reasons)
    where, values = _filter(query, 1)
    counts = await connection.fetch(_COUNTS.format(filter=where), *values, timeout=PATIENCE)
    collected = _collect(stays, reasons)
    return Stats(
        as_of=now,
        calendar=arrangement.version,
        by=query.by,
        agency=query.agency,
        start=query.start,
        end=query.end,
        not_accepted=counts[0]["not_accepted"],
        conflicts=counts[0]["conflicts"],
        total=_read(total, collected),
        groups=tuple(_read(row, collected) for row in groups),
        groups_left_out=0 if query.by is By.STAGE else total["all_groups"] - len(groups),
    )


async def _ask(
    connection: "Connection",
    query: StatsQuery,
    keys: list[str] | None,
    question: str,
    *arguments: Any,
) -> list[Any]:
    """Ask about the filings that count. `keys` are the groups that are wanted; the others become
    one without a key, which is the total's only."""
    where, values = _filter(query, len(arguments) + 1)
    # Where all filings count, the log is read in its order, without a look at each filing.
    few = "and uid in (select uid from cohort)" if values else ""
    grp = _GROUPS[query.by]
    if keys is not None:
        values.append(keys)
        number = len(arguments) + len(values)
        grp = f"case when {grp} = any(${number}::text[]) then {grp} end"
    cohort = _COHORT.format(grp=grp, accepted=_ACCEPTED, filter=where)
    return await connection.fetch(
        cohort + question.replace("{of_cohort}", few), *arguments, *values, timeout=PATIENCE
    )


def _filter(query: StatsQuery, first: int) -> tuple[str, list[Any]]:
    """Which filings count: the condition, and its parameters, numbered from `first`."""
    asked = {
        "agency = {}": storable(query.agency),
        "started_at >= {}": query.start,
        "started_at < {}": query.end,
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    where = [text.format(f"${number}") for number, text in enumerate(given, start=first)]
    return " and ".join(where) or "true", list(given.values())


def _collect(
    stays: Sequence[Any], reasons: Sequence[Any]
) -> dict[tuple[bool, str | None], _Collected]:
    collected: dict[tuple[bool, str | None], _Collected] = {}
    stages: dict[tuple[bool, str | None], dict[Status, Stays]] = {}
    for row in stays:
        for group in ((True, None), (False, row["grp"])):
            of_stage = stages.setdefault(group, {}).setdefault(Status(row["status"]), Stays())
            of_stage.add(row["days"], row["count"], left=row["left_it"], overdue=row["overdue"])
    for group, of_stages in stages.items():
        found = [of_stages[stage].figures(stage) for stage in Status if stage in of_stages]
        collected.setdefault(group, _Collected()).stages = found
    for row in reasons:
        into = collected.setdefault((row["every"], row["grp"]), _Collected())
        if row["lapse"]:
            into.lapses = row["count"]
        else:
            told = ReasonFigures(field=row["field"], reason=row["reason"], count=row["count"])
            into.reasons.append(told)
    return collected


def _read(row: Any, collected: dict[tuple[bool, str | None], _Collected]) -> Figures:
    group = collected.get((row["every"], row["grp"]), _Collected())
    ended = {status: row[status.value] for status in Status if status in FINAL}
    median, p95 = row["percentiles"] or (None, None)
    return Figures(
        key=row["grp"] or None,
        filings=row["filings"],
        open=row["open"],
        overdue_now=row["overdue_now"],
        ended=ended,
        ended_from_outside=row["outside"],
        first_time_approved=row["first_time"],
        first_time_approval_rate=share(row["first_time"], sum(ended.values())),
        median_working_days_to_approval=median,
        p95_working_days_to_approval=p95,
        sms_lapses=group.lapses,
        stages=tuple(group.stages),
        held=held_by(group.stages, row["filings"]),
        reasons=tuple(group.reasons),
    )
