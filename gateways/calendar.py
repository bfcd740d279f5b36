"""The working-day calendar: what two packages know, and the notices that were imported over it.

`chinesecalendar` holds the arrangements that the State Council has announced, swapped weekends and
all. For the years after them only the statutory days are known; they come from `holidays`, and
those years are not marked as published, so every window that rests on one is provisional. The
registry holds the notices that operations imported (`docs/calendar.md`): they go before both.
"""

from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from itertools import chain

import asyncpg
import holidays
from chinese_calendar import constants as announced

from filing.announcement import Announcement, Imported, amended
from filing.model import CHINA, Model
from filing.vocabulary import Status
from filing.windows import Arrangement
from gateways.event_log import storable
from gateways.registry import Registry

YEARS_AHEAD = 4
"""How many years after the last published one have their statutory days."""
SWAPPED = "Day off (substituted from"
"""How `holidays` names a day off that a worked weekend pays for (language `en_US`)."""
IMPORT_LOCK = 0x6265_6961_6E_02
"""Key of the advisory lock under which one import at a time stores ("beian", 2)."""


class PackagedCalendar:
    """The calendar of the installed packages. Implements the port `Calendar`."""

    async def arrangement(self) -> Arrangement:
        """What is known now; built once in a process."""
        return packaged_arrangement()


@cache
def packaged_arrangement() -> Arrangement:
    """The announced years as `chinesecalendar` has them, then `YEARS_AHEAD` statutory ones."""
    days_off: set[date] = set(announced.holidays)
    worked: set[date] = set(announced.workdays)
    # A notice about one year may settle days of its neighbours; National Day marks a whole year.
    published = {day.year for day in days_off if (day.month, day.day) == (10, 1)}
    later = range(max(published) + 1, max(published) + 1 + YEARS_AHEAD)
    statutory = (statutory_days(year) for year in later)
    # Where an announced notice reaches into the next year already, its word stands.
    days_off |= {day for day in chain.from_iterable(statutory) if day not in worked}
    return Arrangement(
        version=f"chinesecalendar {version('chinesecalendar')}, holidays {version('holidays')}",
        holidays=frozenset(days_off),
        working_weekends=frozenset(worked),
        published_years=frozenset(published),
    )


def statutory_days(year: int) -> frozenset[date]:
    """The days off of a year that the law gives by itself.

    Those are the festivals and, where one falls on a weekend, the working day that must make up for
    it (全国年节及纪念日放假办法, Art. 6). Swaps of weekends are left out even where the package has
    them already: it does not say which weekends are worked for them, and half a swap is wrong.
    """
    known = holidays.country_holidays("CN", years=year, language="en_US")
    return frozenset(day for day, name in known.items() if day.year == year and SWAPPED not in name)


def packaged_names(year: int) -> dict[date, str]:
    """The festivals that the packages give the days off of a year to, in Chinese."""
    festivals = {holiday.value: holiday.chinese for holiday in announced.Holiday}
    known = {
        day: festivals.get(name, name)
        for day, name in announced.holidays.items()
        if day.year == year
    }
    if known:
        return known
    statutory = holidays.country_holidays("CN", years=year, language="zh_CN")
    # Without what the package adds in brackets, as for a day that makes up for a weekend.
    return {day: name.partition("\uff08")[0] for day, name in statutory.items()}


class OpenWindow(Model):
    """A window that runs, as the registry has it."""

    uid: str
    filing_id: str
    stage: Status
    start: datetime
    due_at: datetime
    provisional: bool
    calendar: str | None
    """Version of the arrangement that it was counted by."""


class RegistryCalendar:
    """The packaged calendar with the registry's notices over it. Implements the port `Calendar`.

    Any method raises what `Registry` raises.
    """

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool
        self._known: tuple[int, Arrangement] | None = None

    async def arrangement(self) -> Arrangement:
        """What is known now; put together anew only when a notice was imported since."""
        newest = await self._pool.fetchval("select coalesce(max(version), 0) from calendars")
        if self._known is None or self._known[0] != newest:
            imported = await self.imported()
            newest = max((one.version for one in imported), default=0)
            self._known = (newest, amended(packaged_arrangement(), imported))
        return self._known[1]

    async def imported(self) -> tuple[Imported, ...]:
        """Every notice that was ever imported, the oldest first."""
        return tuple(
            map(_imported, await self._pool.fetch("select * from calendars order by version"))
        )

    async def store(self, notice: Announcement, by: str) -> tuple[Imported, bool]:
        """Put a notice in force, and whether that was needed: not where its year's notice in force
        says the same already. Of imports at the same time each sees the one before."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", IMPORT_LOCK)
            row = await connection.fetchrow(
                "select * from calendars where year = $1 order by version desc limit 1", notice.year
            )
            if row is not None and (present := _imported(row)).digest == notice.digest:
                return present, False
            row = await connection.fetchrow(
                "insert into calendars (year, title, announced_on, holidays, working_weekends,"
                " periods, digest, imported_by) values ($1, $2, $3, $4, $5, $6, $7, $8)"
                " returning *",
                notice.year,
                notice.title,
                notice.announced_on,
                notice.holidays,
                notice.working_weekends,
                [period.model_dump(mode="json") for period in notice.periods],
                notice.digest,
                storable(by),
            )
            assert row is not None
            return _imported(row), True

    async def open_windows(self) -> list[OpenWindow]:
        """Every window that runs, the next deadline first. A held filing has none: it is counted
        anew when it is resumed."""
        rows = await self._pool.fetch(
            "select uid, filing_id, coalesce(window_start, started_at) as start, due_at,"
            " provisional, calendar, status as stage from filings"
            " where closed_at is null and due_at is not null order by due_at, uid"
        )
        return [OpenWindow(**row) for row in rows]

    async def windows_of(self, uids: list[str]) -> dict[str, OpenWindow]:
        """Of these filings those whose window runs."""
        rows = await self._pool.fetch(
            "select uid, filing_id, coalesce(window_start, started_at) as start, due_at,"
            " provisional, calendar, status as stage from filings"
            " where uid = any($1) and closed_at is null and due_at is not null",
            uids,
        )
        return {row["uid"]: OpenWindow(**row) for row in rows}


def _imported(row: asyncpg.Record) -> Imported:
    fields = {name: row[name] for name in Imported.model_fields}
    fields["imported_at"] = fields["imported_at"].astimezone(CHINA)
    return Imported.model_validate(fields)
