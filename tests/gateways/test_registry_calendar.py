"""Notices in the registry: kept for good, the newest in force, and the windows counted by them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest
from temporalio.testing import ActivityEnvironment

from activities.filing import FilingActivities, RecordOrder
from filing.announcement import Announcement, Period
from filing.process.events import Record
from filing.process.state import State
from filing.vocabulary import AuthorityMode
from filing.windows import Arrangement, Window, WindowRequest, WindowTerms
from filing.workdays import is_working_day
from gateways.calendar import RegistryCalendar, packaged_arrangement
from gateways.materials import materials_store
from gateways.migrate import upgrade
from gateways.registry import Registry
from settings import Settings
from tests.gateways.conftest import START

NewState = Callable[..., State]

CHANGES = (
    "update calendars set title = 'x'",
    "delete from calendars",
    "truncate calendars",
)


def notice(year: int, *free: date, title: str = "虚构通知") -> Announcement:
    return Announcement(
        year=year,
        title=title,
        announced_on=date(year - 1, 11, 5),
        periods=tuple(Period(name="假日", first=day, last=day) for day in free),
        working_weekends=(),
    )


@pytest.fixture
async def own(new_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Registry]:
    """A registry without any notice."""
    url = await new_database("postgres")
    await upgrade(url)
    registry = await Registry.open(url)
    yield registry
    await registry.close()


@pytest.fixture
def calendar(own: Registry) -> RegistryCalendar:
    return RegistryCalendar(own)


async def test_without_a_notice_the_packaged_calendar_counts(calendar: RegistryCalendar) -> None:
    assert await calendar.arrangement() == packaged_arrangement()
    assert await calendar.imported() == ()


async def test_the_newest_of_a_year_is_in_force_and_all_are_kept(
    calendar: RegistryCalendar, own: Registry
) -> None:
    first, amended = date(2027, 3, 1), date(2027, 3, 2)
    one, new = await calendar.store(notice(2027, first), "zhang.wei")
    assert (one.version, new, one.imported_by) == (1, True, "zhang.wei")
    other_worker = RegistryCalendar(own)
    assert not is_working_day(await other_worker.arrangement(), first)
    two, new = await calendar.store(notice(2027, amended, title="修订"), "zhang.wei")
    assert (two.version, new) == (2, True)
    # It is learned at once, by every worker.
    for reader in (calendar, other_worker):
        known = await reader.arrangement()
        assert known.version == f"{packaged_arrangement().version}, 2027: 修订 (imported #2)"
        assert is_working_day(known, first)
        assert not is_working_day(known, amended)
        assert await reader.arrangement() is known
    assert await calendar.imported() == (one, two)
    assert 2027 in (await calendar.arrangement()).published_years


async def test_the_same_again_imports_nothing_but_an_earlier_one_does(
    calendar: RegistryCalendar,
) -> None:
    first, second = notice(2027, date(2027, 3, 1)), notice(2027, date(2027, 3, 2))
    one, _ = await calendar.store(first, "a")
    assert await calendar.store(first, "b") == (one, False)
    await calendar.store(second, "a")
    back, new = await calendar.store(first, "a")
    assert (back.version, new) == (3, True)
    assert back.digest == one.digest


async def test_of_the_same_import_at_once_one_stores(calendar: RegistryCalendar) -> None:
    stored = await asyncio.gather(
        *(calendar.store(notice(2027, date(2027, 3, 1)), "a") for _ in range(6))
    )
    assert sorted(new for _, new in stored) == [False] * 5 + [True]
    assert {one.version for one, _ in stored} == {1}


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("replication", ["origin", "replica"])
async def test_the_database_itself_refuses_to_change_a_notice(
    registry: Registry, owner: asyncpg.Connection, statement: str, replication: str
) -> None:
    await RegistryCalendar(registry).store(notice(2099, date(2099, 3, 2)), "a")
    await owner.execute(f"set session_replication_role = {replication}")
    with pytest.raises(asyncpg.RestrictViolationError, match="calendars is append-only"):
        await owner.execute(statement)
    async with registry.pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_row_tells_where_its_window_began_and_by_which_calendar(
    calendar: RegistryCalendar, own: Registry, new_state: NewState
) -> None:
    state = new_state(window_start=START - timedelta(days=3))
    await own.write(state, ())
    assert await calendar.open_windows() == []  # it is being counted
    window = Window(
        stage=state.status,
        round=1,
        start=START,
        due_at=START + timedelta(days=2),
        provisional=True,
        calendar="by heart",
    )
    await own.write(state.model_copy(update={"window": window}), ())
    (found,) = await calendar.open_windows()
    assert (found.uid, found.filing_id) == (state.uid, state.filing_id)
    assert (found.start, found.due_at) == (state.window_start, window.due_at)
    assert (found.provisional, found.calendar) == (True, "by heart")
    assert await calendar.windows_of([state.uid, "x"]) == {state.uid: found}
    # An older worker did not write it down: then from the filing's start.
    await own.pool.execute("update filings set window_start = null")
    assert (await calendar.open_windows())[0].start == state.started_at
    held = {"window": window, "held_since": START, "sequence": 2}
    await own.write(state.model_copy(update=held), ())
    assert await calendar.open_windows() == []


class ImportedMeanwhile(RegistryCalendar):
    """A notice is put in force just after a worker has read the calendar."""

    def __init__(self, registry: Registry, coming: Announcement) -> None:
        super().__init__(registry)
        self.coming = [coming]

    async def arrangement(self) -> Arrangement:
        known = await super().arrangement()
        if self.coming:
            await self.store(self.coming.pop(), "a")
        return known


async def test_a_window_that_is_written_while_a_notice_comes_is_counted_by_it(
    own: Registry, new_state: NewState, tmp_path: Path
) -> None:
    state = new_state()
    calendar = ImportedMeanwhile(own, notice(2026, date(2026, 11, 25)))
    activities = FilingActivities(
        own,
        calendar,
        materials_store(Settings(home=tmp_path)),
        mode=AuthorityMode.SANDBOX,
        automatic_review=False,
        terms=WindowTerms(),
    )
    request = WindowRequest(stage=state.status, round=1, start=START, entered_at=START)
    order = RecordOrder(state=state, record=Record(entries=(), opens=request), at=START)
    recorded = await ActivityEnvironment().run(activities.record, order)
    assert recorded.window is not None
    assert recorded.window.due_at.date() == date(2026, 11, 28)  # without the 25th
    (row,) = await calendar.open_windows()
    assert row.calendar == recorded.window.calendar == (await calendar.arrangement()).version
