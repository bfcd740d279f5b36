"""The working-day calendar: what is known of it here, and reading a notice from a file."""

import asyncio
from collections.abc import Iterator
from datetime import date
from itertools import groupby

import asyncpg

from filing.announcement import Announcement, Imported, amended, parse_announcement
from filing.model import Model
from filing.problems import Problem
from filing.windows import Arrangement
from filing.workdays import ONE_DAY
from gateways.calendar import RegistryCalendar, packaged_arrangement, packaged_names
from gateways.database import RegistryNotMigrated
from gateways.discovery import ServiceUnreachable
from operations.reading import read_documents
from operations.services import open_registry
from settings import Settings

REACHED_WITHIN = 1.0
"""Seconds after which a registry that does not answer is not asked any more."""


# What is known


class Known(Model):
    """The calendar as it is known here, and the notices that are in it."""

    arrangement: Arrangement
    imported: tuple[Imported, ...]


async def known_arrangement(settings: Settings) -> Arrangement:
    """The calendar with the registry's notices where one is reachable within a second, else the
    packaged one; its `version` says which. Raises `WrongSettings`."""
    return (await known_calendar(settings)).arrangement


async def known_calendar(settings: Settings) -> Known:
    """As `known_arrangement`, with the notices."""
    try:
        async with asyncio.timeout(REACHED_WITHIN), open_registry(settings) as registry:
            imported = await RegistryCalendar(registry).imported()
    except (
        ServiceUnreachable,
        RegistryNotMigrated,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        OSError,  # TimeoutError too
    ):
        imported = ()
    return Known(arrangement=amended(packaged_arrangement(), imported), imported=imported)


class DaysOff(Model):
    """Days off one after the other; `name` is empty where a notice gives none."""

    name: str
    first: date
    last: date


class YearShown(Model):
    """What is known of a year."""

    year: int
    published: bool
    """Whether its arrangement is announced; else windows that rest on it are provisional."""
    source: str
    calendar: str
    """Version of the whole calendar."""
    holidays: tuple[date, ...]
    periods: tuple[DaysOff, ...]
    """The same days in rows, with their names."""
    working_weekends: tuple[date, ...]
    imported: tuple[Imported, ...]
    """Every notice for that year that was imported, the newest last."""


def year_shown(year: int, known: Known) -> YearShown:
    """What is known of a year."""
    arrangement = known.arrangement
    of_year = tuple(one for one in known.imported if one.year == year)
    days = sorted(day for day in arrangement.holidays if day.year == year)
    return YearShown(
        year=year,
        published=year in arrangement.published_years,
        source=_source(year, bool(days), of_year),
        calendar=arrangement.version,
        holidays=tuple(days),
        periods=tuple(_rows(days, _names(year, of_year))),
        working_weekends=tuple(
            sorted(day for day in arrangement.working_weekends if day.year == year)
        ),
        imported=of_year,
    )


def _source(year: int, some_days: bool, imported: tuple[Imported, ...]) -> str:
    if imported:
        newest = imported[-1]
        return f"{newest.title},{newest.announced_on} 公布(imported #{newest.version})"
    packaged = packaged_arrangement()
    announced, statutory = packaged.version.split(", ")
    if year in packaged.published_years:
        return announced
    return f"{statutory}:仅法定假日,安排尚未公布" if some_days else "无资料:周一至周五均按工作日"


def _names(year: int, imported: tuple[Imported, ...]) -> dict[date, str]:
    if not imported:
        return packaged_names(year)
    return {
        period.first + ONE_DAY * n: period.name
        for period in imported[-1].periods
        for n in range((period.last - period.first).days + 1)
    }


def _rows(days: list[date], names: dict[date, str]) -> Iterator[DaysOff]:
    numbered = enumerate(days)
    for (_, name), run in groupby(
        numbered, lambda at: (at[1] - ONE_DAY * at[0], names.get(at[1], ""))
    ):
        row = [day for _, day in run]
        yield DaysOff(name=name, first=row[0], last=row[-1])


# Reading a notice


_REWORDED = {
    "not_a_mapping": ("内容不是一份放假通知", "一个文件只写一份通知,格式见 docs/calendar.md"),
    "many_documents": ("文件里有第二份文档", "一个文件只写一份通知"),
    "file_empty": ("内容为空", "格式见 docs/calendar.md,样例见 examples/"),
}


def read_announcement(path: str) -> Announcement | tuple[Problem, ...]:
    """The notice in a YAML or JSON file (`-`: standard input), or every problem of it."""
    first, *others = list(read_documents(path))
    if others:
        message, fix = _REWORDED["many_documents"]
        return (Problem(path="", code="many_documents", message=message, fix=fix),)
    if first.data is None:
        return tuple(_reworded(problem) for problem in first.problems)
    return parse_announcement(first.data)


def _reworded(problem: Problem) -> Problem:
    if problem.code not in _REWORDED:
        return problem
    message, fix = _REWORDED[problem.code]
    return problem.model_copy(update={"message": message, "fix": fix})
