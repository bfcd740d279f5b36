"""Notices that are imported while filings run: who is told, and what becomes of the deadlines.

On a stack of its own, for a notice stays in force. What is invented is put over what is known of
its year, so that nothing else of it changes.
"""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict

from embedded.stack import StackOptions, discard_home, running_stack
from filing.announcement import Announcement, parse_announcement
from filing.model import CHINA
from filing.vocabulary import Status
from filing.windows import Arrangement
from filing.workdays import is_working_day
from gateways.calendar import RegistryCalendar
from gateways.materials import materials_store
from gateways.registry import Registry
from gateways.temporal import connect
from operations.calendar import known_arrangement
from operations.calendar_import import ImportReport, import_announcement, tell_to_count_again
from operations.services import Services
from settings import Settings
from tests.commands.conftest import Cli
from tests.playing import Begin, Filing, beginning, eventually, store_example

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """The stack, and who starts filings on it."""

    services: Services
    begin: Begin

    async def known(self) -> Arrangement:
        return await RegistryCalendar(self.services.registry).arrangement()

    async def invent(
        self, year: int, *, free: Iterable[date] = (), worked: Iterable[date] = ()
    ) -> Announcement:
        """A notice that says of the year what is known, but for these days."""
        known = await self.known()
        free, worked = set(free), set(worked)
        days_off = ({d for d in known.holidays if d.year == year} | free) - worked
        at_work = ({d for d in known.working_weekends if d.year == year} | worked) - free
        parsed = parse_announcement(
            {
                "year": year,
                "title": f"虚构的{year}年通知",
                "announced_on": f"{year}-01-01",
                "holidays": sorted(days_off),
                "working_weekends": sorted(at_work),
            }
        )
        assert isinstance(parsed, Announcement), parsed
        return parsed

    async def put_in_force(self, notice: Announcement) -> ImportReport:
        report = await import_announcement(notice, "test", self.services)
        assert report.waiting == 0
        return report


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    home = tmp_path_factory.mktemp("calendars") / "home"
    settings = Settings(home=home)
    options = StackOptions(home=home, port_base=0, time_travel=True)
    try:
        async with running_stack(options, settings, lambda _: None) as stack:
            registry = await Registry.open(stack.info.database_url)
            materials = materials_store(settings)
            services = Services(settings, await connect(settings), registry, materials)
            example = await store_example(services, tmp_path_factory.mktemp("example"))
            async with beginning(stack, services, example) as begin:
                yield World(services, begin)
            await registry.close()
    finally:
        discard_home(home)


async def signals(filing: Filing) -> int:
    """How often it was told that the calendar changed."""
    history = await filing.handle.fetch_history()
    events = [MessageToDict(event) for event in history.events]
    sent = [e.get("workflowExecutionSignaledEventAttributes", {}) for e in events]
    return [one.get("signalName") for one in sent].count("calendar_changed")


async def end(filing: Filing) -> None:
    """So that it is no open filing of the next test."""
    reasons = [{"field": "subject.name", "reason": "不符"}]
    if (await filing.status()).status is Status.BUREAU_REVIEW:
        decision = {"outcome": "reject", "reviewer": "苏通管局", "reasons": reasons}
        await filing.player.signal("bureau_decision", decision)
    else:
        await filing.player.signal("withdraw", {"by": "test", "reason": "结束"})
    await filing.result()


async def at_bureau(world: World) -> tuple[Filing, date]:
    """A filing in bureau review, and the day on which its window began."""
    filing = await world.begin()
    await filing.player.to_sms()
    await filing.player.to_bureau()
    answer = await filing.status()
    return filing, max(check.at for check in answer.sms_verified).astimezone(CHINA).date()


def working(known: Arrangement, start: date, count: int) -> list[date]:
    """The next working days, counted one by one."""
    days: list[date] = []
    day = start
    while len(days) < count:
        day += ONE_DAY
        if is_working_day(known, day):
            days.append(day)
    return days


def after(day: date) -> datetime:
    """24:00 of a day."""
    return datetime.combine(day + ONE_DAY, time(), CHINA)


async def test_a_holiday_inside_a_bureau_review_moves_its_deadline_and_no_other(
    world: World,
) -> None:
    filing, start = await at_bureau(world)
    other = await world.begin()
    near = await other.player.until(Status.PLATFORM_REVIEW)
    known = await world.known()
    days = working(known, start, 20)
    assert (await filing.status()).due_at == after(days[-1])
    # Free: two working days that lie in one year, beyond the other filing's window; for them a
    # Saturday after is worked.
    year = days[10].year
    free = [day for day in days[10:15] if day.year == year][:2]
    later = (free[-1] + ONE_DAY * n for n in range(1, 20))
    worked = [day for day in later if day.weekday() == 5 and day.year == year][:1]
    notice = await world.invent(year, free=free, worked=worked)
    report = await world.put_in_force(notice)
    assert (report.imported, report.examined, report.signalled) == (True, 2, 1)
    assert report.changed == 1
    now = await world.known()
    expected = working(now, start, 20)[-1]
    by_hand = [d for d in working(known, start, 25) if d not in free]
    by_hand = sorted({*by_hand, *worked})[:20]
    assert expected == by_hand[-1]
    answer = await filing.status()
    assert (answer.due_at, answer.calendar) == (after(expected), now.version)
    assert "(imported #" in now.version
    assert (await signals(filing), await signals(other)) == (1, 0)
    assert (await other.status()).due_at == near.due_at

    # The same again tells nobody; a window that is opened from now on counts by it.
    again = await world.put_in_force(notice)
    assert (again.imported, again.version, again.signalled) == (False, report.version, 0)
    assert await signals(filing) == 1
    third, its_start = await at_bureau(world)
    assert (await third.status()).due_at == after(working(now, its_start, 20)[-1])

    # Amended after it was announced: one of the days is worked after all.
    amended = notice.model_copy(
        update={"periods": tuple(p for p in notice.periods if p.first != free[0])}
    )
    back = await world.put_in_force(amended)
    assert back.signalled == 2
    for one, began in ((filing, start), (third, its_start)):
        expected = working(await world.known(), began, 20)[-1]
        answer = await one.status()
        assert answer.due_at == after(expected)
        assert answer.calendar is not None
        assert f"(imported #{back.version})" in answer.calendar
        assert f"(imported #{report.version})" not in answer.calendar
    assert await signals(other) == 0
    for one in (filing, other, third):
        await end(one)


async def test_an_interrupted_import_is_continued_by_the_same_again(world: World) -> None:
    filings = [await world.begin() for _ in range(3)]
    answers = [await f.player.until(Status.PLATFORM_REVIEW) for f in filings]
    start = answers[0].entered_at.date()
    free = working(await world.known(), start, 2)[0]
    notice = await world.invent(free.year, free=[free])

    class Interrupted(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        assert (what, total) == ("signalled", 3)
        raise Interrupted

    with pytest.raises(Interrupted):
        await import_announcement(notice, "test", world.services, progress=stop)
    newest = (await world.known()).version
    told = []
    for filing in filings:
        if await signals(filing):
            told.append(filing)
            await eventually(filing, lambda a: a.calendar == newest)
    assert len(told) == 1
    report = await world.put_in_force(notice)
    assert (report.imported, report.signalled, report.changed) == (False, 2, 2)
    for filing in filings:
        assert await signals(filing) == 1
        assert (await filing.status()).due_at == after(working(await world.known(), start, 2)[-1])
    assert (await world.put_in_force(notice)).signalled == 0
    # Taken back when the new end has passed already: overdue at once, and operations are told.
    filing = filings[0]
    due_at = (await filing.status()).due_at
    assert due_at is not None
    before = due_at - timedelta(hours=2) - await filing.player.time()
    await filing.player.pass_time(seconds=before.total_seconds())
    assert not (await filing.status()).overdue
    report = await world.put_in_force(
        notice.model_copy(update={"periods": tuple(p for p in notice.periods if p.first != free)})
    )
    assert report.signalled == 3
    late = await eventually(filing, lambda a: a.overdue)
    assert late.due_at == after(working(await world.known(), start, 2)[-1])
    await filing.player.pass_time(days=7)
    told_of = [n.purpose for n in await world.services.registry.notices(filing.uid)]
    assert "overdue" in told_of
    # Put back: it is in time again.
    assert (await world.put_in_force(notice)).signalled == 3
    for one in filings:
        await end(one)


async def test_a_filing_that_was_terminated_counts_as_ended_and_once(world: World) -> None:
    filing = await world.begin()
    began = await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.handle.terminate("by mistake")
    free = working(await world.known(), began.entered_at.date(), 2)[0]
    notice = await world.invent(free.year, free=[free])
    report = await world.put_in_force(notice)
    assert (report.signalled, report.ended) == (0, 1)
    again = await world.put_in_force(notice)
    assert (again.examined, again.ended) == (0, 0)


async def test_a_held_filing_is_not_told_and_counts_by_the_newest_when_resumed(
    world: World,
) -> None:
    filing = await world.begin()
    began = await filing.player.until(Status.PLATFORM_REVIEW)
    start = began.entered_at.date()
    await filing.handle.execute_update("hold", {"by": "ops", "reason": "系统维护"})
    free = working(await world.known(), start, 4)
    report = await world.put_in_force(await world.invent(free[2].year, free=[free[2]]))
    assert (report.examined, report.signalled) == (0, 0)
    answer = await filing.handle.execute_update("resume", {"by": "ops", "reason": "恢复"})
    known = await world.known()
    assert answer["status"]["calendar"] == known.version
    # The day of the start was held; it does not count anyway.
    expected = after(working(known, start, 2)[-1])
    assert datetime.fromisoformat(answer["status"]["due_at"]) == expected
    await end(filing)


async def test_a_provisional_window_becomes_final(world: World) -> None:
    filing = await world.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    year = max((await world.known()).published_years) + 1
    # Late in the year before, or now where that has passed: the review is overdue by then.
    late = datetime(year - 1, 12, 10, 12, tzinfo=CHINA) - await filing.player.time()
    if late > timedelta(0):
        await filing.player.pass_time(seconds=late.total_seconds())
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.to_sms_from_submission()
    await filing.player.to_bureau()
    answer = await filing.status()
    start = max(check.at for check in answer.sms_verified).astimezone(CHINA).date()
    assert answer.provisional
    attributes = (await filing.handle.describe()).typed_search_attributes
    assert {p.key.name: p.value for p in attributes}["DeadlineProvisional"] is True
    spring = date(year, 2, 1)
    report = await world.put_in_force(await world.invent(year))
    assert (report.signalled, report.changed) == (1, 1)
    answer = await eventually(filing, lambda a: not a.provisional)
    assert answer.due_at == after(working(await world.known(), start, 20)[-1])
    attributes = (await filing.handle.describe()).typed_search_attributes
    assert {p.key.name: p.value for p in attributes}["DeadlineProvisional"] is False
    # Nothing of its window changes any more by what lies elsewhere in that year.
    elsewhere = next(d for d in (spring + ONE_DAY * n for n in range(150, 160)) if d.weekday() == 2)
    report = await world.put_in_force(await world.invent(year, free=[elsewhere]))
    assert (report.signalled, await signals(filing)) == (0, 1)
    await end(filing)


async def test_from_the_command_line(world: World, tmp_path: Path) -> None:
    cli = Cli(world.services.settings.home, tmp_path, [])
    filing = await world.begin()
    start = (await filing.player.until(Status.PLATFORM_REVIEW)).entered_at.date()
    free = working(await world.known(), start, 1)[0]
    notice = await world.invent(free.year, free=[free])
    file = tmp_path / "notice.json"
    written = {
        "year": notice.year,
        "title": notice.title,
        "announced_on": str(notice.announced_on),
        "holidays": [{"from": str(p.first), "to": str(p.last)} for p in notice.periods],
        "working_weekends": [str(day) for day in notice.working_weekends],
    }
    file.write_text(json.dumps(written))
    dry = await cli.json("calendar", "import", file, "--dry-run")
    assert (dry["in_force"], dry["examined"], dry["due"]) == (False, 1, 1)
    assert await signals(filing) == 0
    assert "1 would be told" in (await cli("calendar", "import", file, "--dry-run")).out
    report = await cli.json("calendar", "import", file, "--by", "zhang.wei")
    assert report["imported"] is True
    assert (report["signalled"], report["changed"], report["waiting"]) == (1, 1, 0)
    assert report["warnings"] == []
    assert (await cli.json("calendar", "import", file))["signalled"] == 0
    dry = await cli.json("calendar", "import", file, "--dry-run")
    assert (dry["in_force"], dry["due"]) == (True, 0)
    assert "nothing was imported" in (await cli("calendar", "import", file)).out

    shown = await cli.json("calendar", "show", str(notice.year))
    assert shown["published"] is True
    assert str(free) in shown["holidays"]
    assert shown["calendar"] == report["calendar"]
    assert shown["imported"][-1]["imported_by"] == "zhang.wei"
    text = (await cli("calendar", "show", str(notice.year))).out
    assert "已公布" in text
    assert "由 zhang.wei 导入" in text

    written["working_weekends"] = [str(free), "2027-13-01"]
    written["hollidays"] = []
    file.write_text(json.dumps(written))
    refused = await cli.json("calendar", "import", file, code=1)
    assert {p["code"] for p in refused["problems"]} >= {"unknown_key", "not_a_date"}
    assert "hollidays" in (await cli("calendar", "import", file, code=1)).out
    await cli("calendar", "show", "1999", code=2)
    # Without any service: the packages', and an import cannot be done.
    alone = Cli(tmp_path / "nowhere", tmp_path, [])
    assert (await alone.json("calendar", "show", "2026"))["imported"] == []
    written |= {"working_weekends": []}
    del written["hollidays"]
    file.write_text(json.dumps(written))
    assert "starter.py up" in (await alone("calendar", "import", file, code=3)).err
    await end(filing)


async def test_the_worker_and_the_command_line_know_the_same(world: World) -> None:
    assert await world.known() == await known_arrangement(world.services.settings)
    assert (await known_arrangement(Settings(home=Path("nowhere")))).version.count("imported") == 0


async def test_the_next_filing_of_the_same_mini_program_is_not_told_in_place_of_the_last(
    world: World,
) -> None:
    ended = await world.begin()
    await ended.player.until(Status.PLATFORM_REVIEW)
    await end(ended)
    filing = await world.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    [window] = await RegistryCalendar(world.services.registry).open_windows()
    before = window.model_copy(update={"uid": ended.uid})
    assert not await tell_to_count_again(before, (2026,), world.services, 0, 1)
    assert await signals(filing) == 0
    assert await tell_to_count_again(window, (2026,), world.services, 0, 1)
    assert await signals(filing) == 1
    await end(filing)
    assert not await tell_to_count_again(window, (2026,), world.services, 0, 1)
