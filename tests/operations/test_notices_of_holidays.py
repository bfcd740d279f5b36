"""The calendar as operations know it: read from files, with or without a registry, day by day."""

import asyncio
import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from filing.announcement import Announcement, Imported, amended, doubts, parse_announcement
from filing.model import CHINA
from filing.vocabulary import Status
from gateways.calendar import OpenWindow, packaged_arrangement
from operations.calendar import Known, known_arrangement, read_announcement, year_shown
from operations.calendar_import import outdated_windows
from operations.pace import Pace
from settings import Settings, WrongSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "calendar-2027-invented.yaml"
KNOWN = packaged_arrangement()


def example(version: int = 1) -> Imported:
    notice = read_announcement(str(EXAMPLE))
    assert isinstance(notice, Announcement), notice
    at = datetime(2026, 11, 6, 9, tzinfo=CHINA)
    return Imported(**dict(notice), version=version, imported_at=at, imported_by="zhang.wei")


def codes(path: Path) -> list[tuple[str, str]]:
    problems = read_announcement(str(path))
    assert isinstance(problems, tuple)
    assert not any("申请" in p.message + p.fix for p in problems)
    return [(p.path, p.code) for p in problems]


def test_the_example_is_a_right_and_whole_notice() -> None:
    notice = example()
    assert notice.year == 2027
    assert len(notice.holidays) == 28
    assert doubts(notice) == ()


def test_json_does_as_well(tmp_path: Path) -> None:
    file = tmp_path / "notice.json"
    data = {
        "year": 2027,
        "title": "虚构",
        "announced_on": "2026-11-05",
        "holidays": ["2027-01-01"],
        "working_weekends": [],
    }
    file.write_text(json.dumps(data))
    assert read_announcement(str(file)) == parse_announcement(data)


def test_what_is_no_notice_is_said_in_words_of_notices(tmp_path: Path) -> None:
    file = tmp_path / "notice.yaml"
    assert codes(file) == [("", "file_missing")]
    file.write_text("- 2027-01-01\n")
    assert codes(file) == [("", "not_a_mapping")]
    file.write_text("")
    assert codes(file) == [("", "file_empty")]
    file.write_text("year: 2027\n---\nyear: 2028\n")
    assert codes(file) == [("", "many_documents")]
    lines = tmp_path / "notice.jsonl"
    lines.write_text('{"year": 2027}\n{"year": 2028}\n')
    assert codes(lines) == [("", "many_documents")]
    file.write_text("year: 2027\nyear: 2028\n")
    assert codes(file) == [("year", "duplicate_key")]
    file.write_text("year: 2027\ntitle: [\n")
    assert codes(file) == [("", "syntax")]


def test_a_year_is_shown_with_where_it_comes_from() -> None:
    packaged = Known(arrangement=KNOWN, imported=())
    announced, statutory = KNOWN.version.split(", ")
    shown = year_shown(2026, packaged)
    assert (shown.published, shown.source) == (True, announced)
    assert date(2026, 10, 7) in shown.holidays
    assert date(2026, 10, 10) in shown.working_weekends
    assert [(p.name, str(p.first), str(p.last)) for p in shown.periods][:2] == [
        ("元旦", "2026-01-01", "2026-01-03"),
        ("春节", "2026-02-15", "2026-02-23"),
    ]
    shown = year_shown(2027, packaged)
    assert not shown.published
    names = [p.name for p in shown.periods]
    assert {"元旦", "春节", "清明节", "劳动节", "国庆节"} <= set(names)
    assert all(names)
    assert "补假" not in "".join(names)
    assert shown.source.startswith(f"{statutory}:")
    shown = year_shown(2060, packaged)
    assert (shown.published, shown.holidays) == (False, ())
    assert shown.source.startswith("无资料")

    notices = (example(1).model_copy(update={"title": "旧"}), example(2))
    shown = year_shown(2027, Known(arrangement=amended(KNOWN, notices), imported=notices))
    assert (shown.published, shown.imported) == (True, notices)
    assert "虚构示例" in shown.source
    assert "imported #2" in shown.source
    assert [(p.name, p.first, p.last) for p in shown.periods][:2] == [
        ("元旦", date(2027, 1, 1), date(2027, 1, 3)),
        ("春节", date(2027, 2, 5), date(2027, 2, 12)),
    ]
    assert shown.working_weekends == example().working_weekends


# --- with and without a registry ---


async def test_without_a_registry_the_packaged_calendar_counts(tmp_path: Path) -> None:
    assert await known_arrangement(Settings(home=tmp_path)) is KNOWN
    stale = {"temporal_address": "127.0.0.1:1", "web_ui": "x", "authority": "x"}
    stale["database_url"] = "postgresql://postgres@/beian?host=%2Fnowhere"
    (tmp_path / "up.json").write_text(json.dumps(stale))
    assert await known_arrangement(Settings(home=tmp_path)) is KNOWN
    with pytest.raises(WrongSettings, match="BEIAN_DATABASE_URL"):
        await known_arrangement(Settings(home=tmp_path, database_url="nonsense"))


async def test_a_registry_that_does_not_answer_costs_a_second(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    async with server:
        began = loop.time()
        url = f"postgresql://beian@127.0.0.1:{port}/beian"
        assert await known_arrangement(Settings(home=tmp_path, database_url=url)) is KNOWN
        assert 0.9 < loop.time() - began < 3


# --- which windows are counted again ---


def window(
    first: date, last: date, calendar: str | None, stage: Status = Status.CORRECTION
) -> OpenWindow:
    """A window whose counted days are exactly these."""
    start = datetime(first.year, first.month, first.day, 10, tzinfo=CHINA) - timedelta(days=1)
    due_at = datetime(last.year, last.month, last.day, tzinfo=CHINA) + timedelta(days=1)
    return OpenWindow(
        uid="u",
        filing_id="u",
        stage=stage,
        start=start,
        due_at=due_at,
        provisional=False,
        calendar=calendar,
    )


ONE = amended(KNOWN, [example(1)])
OTHER = example(2).model_copy(
    update={"working_weekends": tuple(d for d in example().working_weekends if d.month != 10)}
)
TWO = amended(KNOWN, [example(1), OTHER])
BELIEVED = {calendar.version: calendar for calendar in (KNOWN, ONE, TWO)}


@pytest.mark.parametrize(
    ("first", "last", "calendar", "years"),
    [
        (date(2027, 10, 9), date(2027, 10, 20), ONE.version, (2027,)),
        (date(2027, 9, 1), date(2027, 10, 9), ONE.version, (2027,)),
        (date(2027, 9, 1), date(2027, 10, 8), ONE.version, None),
        (date(2027, 10, 10), date(2027, 10, 20), ONE.version, None),
        (date(2027, 10, 9), date(2027, 10, 20), TWO.version, None),
        # Not announced before: all of the year, and the year's end before it.
        (date(2027, 10, 10), date(2027, 10, 20), KNOWN.version, (2027,)),
        (date(2026, 12, 10), date(2026, 12, 26), KNOWN.version, (2026,)),
        (date(2026, 12, 10), date(2027, 1, 6), KNOWN.version, (2026, 2027)),
        (date(2026, 12, 10), date(2026, 12, 25), KNOWN.version, None),
        # Counted by what is not known here any more: any day may have differed.
        (date(2026, 12, 10), date(2027, 1, 6), "chinesecalendar 0.1", (2026, 2027)),
        (date(2026, 12, 10), date(2026, 12, 12), None, (2026,)),
    ],
)
def test_exactly_the_windows_that_hold_a_changed_day_are_counted_again(
    first: date, last: date, calendar: str | None, years: tuple[int, ...] | None
) -> None:
    one = window(first, last, calendar)
    found = outdated_windows([one], BELIEVED, TWO, one.start)
    assert list(found) == ([(one, years)] if years else [])


@pytest.mark.parametrize(
    ("stage", "due", "at", "counted"),
    [
        # 9 October 2027, a Saturday, is worked no longer.
        (Status.PLATFORM_REVIEW, date(2027, 10, 9), date(2027, 10, 7), True),
        (Status.PLATFORM_REVIEW, date(2027, 10, 8), date(2027, 10, 7), False),
        (Status.CORRECTION, date(2027, 10, 9), date(2027, 10, 7), False),
        # The bureau's are escalated again and again.
        (Status.BUREAU_REVIEW, date(2027, 7, 20), date(2027, 7, 1), True),
        (Status.BUREAU_REVIEW, date(2027, 6, 20), date(2027, 6, 1), False),
        (Status.BUREAU_REVIEW, date(2027, 6, 20), date(2027, 8, 1), True),
    ],
)
def test_a_changed_day_on_which_a_window_is_escalated_counts_too(
    stage: Status, due: date, at: date, counted: bool
) -> None:
    one = window(due - timedelta(days=3), due - timedelta(days=1), ONE.version, stage)
    instant = datetime(at.year, at.month, at.day, 12, tzinfo=CHINA)
    assert [w for w, _ in outdated_windows([one], BELIEVED, TWO, instant)] == [one] * counted


async def test_a_pace_is_kept_by_all_that_wait_together() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(100)
    began = loop.time()

    async def several() -> None:
        for _ in range(5):
            await pace.pass_()

    await asyncio.gather(*(several() for _ in range(4)))
    assert loop.time() - began >= 0.18
    with pytest.raises(ValueError, match="not 0"):
        Pace(0)
