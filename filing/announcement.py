"""A State Council notice about a year's holidays, as data, and what it makes of a calendar. Pure.

The notice (国务院办公厅关于某年部分节假日安排的通知) names the days off, and the weekends that are
worked for them. `docs/calendar.md` tells how it is written down. A notice is whole: what it says
replaces all that was known of its year, so that an amended one is written out in full as well.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from filing.model import Model
from filing.problems import Problem
from filing.windows import Arrangement
from filing.workdays import ONE_DAY, SATURDAY, is_working_day

FIRST_YEAR, LAST_YEAR = 2004, 2100
MOST_DAYS = 60
"""Days off, and worked weekends, that one notice can hold; a year has some thirty."""
MOST_TITLE = 200
_YEAR = re.compile(r"[0-9]{4}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEYS = ("year", "title", "announced_on", "holidays", "working_weekends")
_PERIOD_KEYS = ("name", "from", "to")
_FIXED = ((1, 1), (5, 1), (10, 1))
"""Days off of every year; a notice without one of them is hardly whole."""


class Period(Model):
    """Days off one after the other; the name is the festival's, or empty."""

    name: str
    first: date
    last: date


class Announcement(Model):
    """A notice about one year. Days are in order, each once."""

    year: int
    title: str
    announced_on: date
    periods: tuple[Period, ...]
    working_weekends: tuple[date, ...]

    @property
    def holidays(self) -> tuple[date, ...]:
        """All days off that the notice names, weekends among them too."""
        return tuple(day for p in self.periods for day in _days(p.first, p.last))

    @property
    def digest(self) -> str:
        """The same for the same content, however it was written down."""
        content = self.model_dump(mode="json", include=set(Announcement.model_fields))
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class Imported(Announcement):
    """A notice in the registry, under its number there: of a year's, the highest is in force."""

    version: int
    imported_at: datetime
    imported_by: str


# What a notice makes of a calendar


def amended(arrangement: Arrangement, announcements: Iterable[Imported]) -> Arrangement:
    """The arrangement with the notices over it: of each year the one with the highest number.

    A notice may settle days around 1 January of its year: what it says of 26-31 December of the
    year before goes before that year's own notice.
    """
    in_force: dict[int, Imported] = {}
    for one in sorted(announcements, key=lambda a: a.version):
        in_force[one.year] = one
    for year in sorted(in_force):
        arrangement = _over(arrangement, in_force[year])
    return arrangement


def _over(known: Arrangement, notice: Imported) -> Arrangement:
    year, published = notice.year, known.published_years
    # Days at a year's end are the next year's to settle, where its notice is known.
    first = date(year - 1, 12, 26) if year in published else date(year, 1, 1)
    last = date(year, 12, 25) if year + 1 in published else date(year, 12, 31)
    free, worked = frozenset(notice.holidays), frozenset(notice.working_weekends)

    def outside(days: frozenset[date]) -> frozenset[date]:
        return frozenset(day for day in days if not first <= day <= last)

    return Arrangement(
        version=f"{known.version}, {year}: {notice.title} (imported #{notice.version})",
        holidays=outside(known.holidays) - worked | free,
        working_weekends=outside(known.working_weekends) - free | worked,
        published_years=published | {year},
    )


def changed_days(before: Arrangement, after: Arrangement) -> frozenset[date]:
    """The days on which two arrangements differ for a window: worked or free, and where a year is
    announced in one of them only, all its days and the year's end before it (see `is_provisional`).
    """
    differing = (before.holidays ^ after.holidays) | (
        before.working_weekends ^ after.working_weekends
    )
    days = {d for d in differing if is_working_day(before, d) is not is_working_day(after, d)}
    for year in before.published_years ^ after.published_years:
        days.update(_days(date(year - 1, 12, 26), date(year, 12, 31)))
    return frozenset(days)


def doubts(notice: Announcement) -> tuple[Problem, ...]:
    """What is allowed but looks like a slip (warnings): a notice that is not written out in full."""
    named = {(d.month, d.day) for d in notice.holidays if d.year == notice.year}
    missing = [f"{month} 月 {day} 日" for month, day in _FIXED if (month, day) not in named]
    if not missing:
        return ()
    return (
        Problem(
            path="holidays",
            code="looks_partial",
            message=f"通知未列出法定假日 {'、'.join(missing)},导入后这些日子将按工作日计算",
            fix="导入的通知会整体替换该年的安排;补充通知也请写成完整的全年安排",
            severity="warning",
        ),
    )


# From data that somebody else wrote to a notice, or problems


def parse_announcement(data: Any) -> Announcement | tuple[Problem, ...]:
    """The notice, or every problem of it at once. Total: it never raises, whatever `data` is.

    Dates may be text or dates, the year text or a number: parsers of YAML differ in that.
    """
    if not isinstance(data, Mapping):
        return (
            _problem("", "not_a_mapping", "内容不是一份放假通知", f"应有字段 {'、'.join(_KEYS)}"),
        )
    return _Reading().read(data)


class _Reading:
    """One notice while it is read: what is wrong with it so far."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def read(self, data: Mapping[Any, Any]) -> Announcement | tuple[Problem, ...]:
        self._unknown("", data, _KEYS)
        year = self._year(data)
        title = self._title(data.get("title"), "title")
        announced_on = self._announced_on(data, year)
        periods = self._periods(data.get("holidays"), year)
        worked = self._worked(data.get("working_weekends"), year, periods)
        if self._problems or year is None or title is None or announced_on is None:
            return tuple(self._problems)
        return Announcement(
            year=year,
            title=title,
            announced_on=announced_on,
            periods=tuple(sorted(periods, key=lambda p: p.first)),
            working_weekends=tuple(sorted(worked)),
        )

    def _wrong(self, path: str, code: str, message: str, fix: str) -> None:
        self._problems.append(_problem(path, code, message, fix))

    def _unknown(self, path: str, data: Mapping[Any, Any], known: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                where = f"{path}.{_shown(key)}" if path else _shown(key)
                self._wrong(where, "unknown_key", "没有这个字段", f"可用的字段:{'、'.join(known)}")

    def _year(self, data: Mapping[Any, Any]) -> int | None:
        value = data.get("year")
        if isinstance(value, str) and _YEAR.fullmatch(value.strip()):
            value = int(value)
        if type(value) is int and FIRST_YEAR <= value <= LAST_YEAR:
            return value
        self._wrong(
            "year",
            "missing" if value is None else "not_a_year",
            f"应为 {FIRST_YEAR} 至 {LAST_YEAR} 之间的年份",
            "写通知所安排的年份,如 2027",
        )
        return None

    def _title(self, value: Any, path: str) -> str | None:
        text = value.strip() if isinstance(value, str) else ""
        if 0 < len(text) <= MOST_TITLE and text.isprintable():
            return text
        self._wrong(
            path,
            "missing" if value is None else "not_a_title",
            f"应为 1 至 {MOST_TITLE} 个字符、不含换行的文字",
            "照抄通知的标题,如 国务院办公厅关于2027年部分节假日安排的通知",
        )
        return None

    def _announced_on(self, data: Mapping[Any, Any], year: int | None) -> date | None:
        day = self._date(data.get("announced_on"), "announced_on")
        if day is None or year is None or year - 2 <= day.year <= year:
            return day
        self._wrong(
            "announced_on",
            "announced_out_of_range",
            f"{day} 不像是 {year} 年安排的公布日期",
            "写通知的成文或公布日期,并核对 year",
        )
        return None

    def _date(self, value: Any, path: str) -> date | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and _DATE.fullmatch(value.strip()):
            try:
                return date.fromisoformat(value.strip())
            except ValueError:
                pass  # as 2027-02-30
        code = "missing" if value is None else "not_a_date"
        self._wrong(path, code, "应为日期", "写成 2027-02-05 的形式")
        return None

    def _day(self, value: Any, path: str, year: int | None) -> date | None:
        """A date that a notice about that year can settle."""
        day = self._date(value, path)
        if day is None or year is None or _may_settle(year, day):
            return day
        self._wrong(
            path,
            "other_year",
            f"{day} 不在 {year} 年(可含上一年 12 月 26 日至 31 日)",
            "核对日期和 year;其他年份请另写一份通知",
        )
        return None

    def _list(self, value: Any, path: str, most: int) -> list[Any]:
        if not isinstance(value, list | tuple):
            code = "missing" if value is None else "not_a_list"
            self._wrong(path, code, "应为列表", "每项一行,以 - 开头;没有则写 []")
            return []
        if len(value) > most:
            self._too_many(path)
            return []
        return list(value)

    def _too_many(self, path: str) -> None:
        self._wrong(
            path, "too_many_days", f"超过 {MOST_DAYS} 天", "一年的安排没有这么多天,请核对起止日期"
        )

    def _periods(self, value: Any, year: int | None) -> list[Period]:
        items = self._list(value, "holidays", MOST_DAYS)
        if isinstance(value, list | tuple) and not value:
            self._wrong("holidays", "empty", "没有列出任何放假日", "写出全年的放假日")
        found: list[Period] = []
        seen: set[date] = set()
        for index, item in enumerate(items):
            path = f"holidays.{index}"
            period = self._period(item, path, year)
            if period is None:
                continue
            days = list(_days(period.first, period.last))
            twice = [day for day in days if day in seen]
            if twice:
                self._twice(path, twice[0])
            else:
                found.append(period)
            seen.update(days)
        if len(seen) > MOST_DAYS:
            self._too_many("holidays")
        return found

    def _period(self, item: Any, path: str, year: int | None) -> Period | None:
        if not isinstance(item, Mapping):
            day = self._day(item, path, year)
            return None if day is None else Period(name="", first=day, last=day)
        self._unknown(path, item, _PERIOD_KEYS)
        name = self._title(item["name"], f"{path}.name") if item.get("name") else ""
        first = self._day(item.get("from"), f"{path}.from", year)
        last = self._day(item["to"], f"{path}.to", year) if item.get("to") is not None else first
        if first is None or last is None or name is None:
            return None
        if last < first:
            self._wrong(
                path, "reversed", f"结束日期 {last} 早于开始日期 {first}", "对调或改正 from 与 to"
            )
            return None
        if (last - first).days >= MOST_DAYS:
            self._too_many(path)
            return None
        return Period(name=name, first=first, last=last)

    def _worked(self, value: Any, year: int | None, periods: list[Period]) -> list[date]:
        free = {day for p in periods for day in _days(p.first, p.last)}
        found: list[date] = []
        for index, item in enumerate(self._list(value, "working_weekends", MOST_DAYS)):
            path = f"working_weekends.{index}"
            day = self._day(item, path, year)
            if day is None:
                continue
            if day.weekday() < SATURDAY:
                self._wrong(
                    path,
                    "not_a_weekend",
                    f"{day} 不是周六或周日",
                    "调休上班日只能是周末;工作日本来就上班,无需列出",
                )
            if day in free:
                self._wrong(
                    path, "free_and_worked", f"{day} 同时列为放假日", "从其中一处删去该日期"
                )
            if day in found:
                self._twice(path, day)
            else:
                found.append(day)
        return found

    def _twice(self, path: str, day: date) -> None:
        self._wrong(path, "duplicate_day", f"{day} 重复出现", "每个日期只写一次;相连的假期分开写")


def _may_settle(year: int, day: date) -> bool:
    return day.year == year or (day.year == year - 1 and (day.month, day.day) >= (12, 26))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + ONE_DAY * n for n in range((last - first).days + 1))


def _problem(path: str, code: str, message: str, fix: str) -> Problem:
    return Problem(path=path, code=code, message=message, fix=fix)


def _shown(key: Any) -> str:
    """A key that somebody made up, for a message: short, and free of what is not text."""
    text = key if isinstance(key, str) else type(key).__name__
    return "".join(c if c.isprintable() else "?" for c in text)[:60] or "?"
