"""Importing a notice: it is put in force, and the open windows that it touches are counted again."""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from filing.announcement import Announcement, Imported, amended, changed_days
from filing.model import Model
from filing.window_rules import last_notice
from filing.windows import Arrangement
from filing.workdays import ONE_DAY, china_time
from gateways.calendar import OpenWindow, RegistryCalendar, packaged_arrangement
from gateways.discovery import ServiceUnreachable
from operations.filings import find, settle
from operations.pace import Pace
from operations.services import Services, now

SIGNALS_A_SECOND = 50.0
TOLD_AT_ONCE = 16
"""Filings that are told at the same time: one after the other, the way there and back is the limit."""
COUNTED_WITHIN = timedelta(seconds=30)
"""How long an import waits for the next signalled filing to have its window counted again."""
_LOOKED_EVERY = 0.2
_LOOKED_AT = 1000
"""Filings that are looked at together: they count again about in the order that they were told, and
all of them each time would be more work than the counting."""
_MOMENT = timedelta(microseconds=1)


class ImportReport(Model):
    """What an import did."""

    year: int
    version: int
    """The notice's number in the registry."""
    title: str
    imported: bool
    """False where this very notice was in force already."""
    calendar: str
    """Version of the calendar that windows are counted by now."""
    examined: int
    """Windows that run."""
    signalled: int
    """Those that hold a day that is not what they were counted by, told to count again."""
    ended: int
    """Of those to be told, filings that ended just before."""
    changed: int
    """Windows whose deadline moved, or that are provisional no longer, or newly so."""
    waiting: int
    """Signalled, and not yet counted again when the import stopped waiting."""


class ImportPreview(Model):
    """What an import would do."""

    year: int
    title: str
    in_force: bool
    """This very notice is in force already."""
    examined: int
    """Windows that run."""
    due: int
    """Those that would be told to count again."""


Progress = Callable[[str, int, int], None]
"""Told what is being done (`signalled`, `recounted`), how many of it are done, and of how many."""


async def import_announcement(
    notice: Announcement,
    by: str,
    services: Services,
    *,
    rate: float = SIGNALS_A_SECOND,
    patience: timedelta = COUNTED_WITHIN,
    progress: Progress = lambda what, done, total: None,
) -> ImportReport:
    """Put a notice in force, and have exactly those open windows counted again that hold a day
    which it changes. What was interrupted is continued by the same import again: a window knows
    the calendar that it was counted by.

    Raises `ServiceUnreachable` where Temporal goes away in between.
    """
    calendar = RegistryCalendar(services.registry)
    stored, new = await calendar.store(notice, by)
    imported = await calendar.imported()
    newest = amended(packaged_arrangement(), imported)
    windows = await calendar.open_windows()
    outdated = list(outdated_windows(windows, _believed(imported), newest, now()))
    told: list[OpenWindow] = []
    ended = 0
    pace, left = Pace(rate), iter(outdated)

    async def tell_some() -> None:
        nonlocal ended
        for window, years in left:  # each takes the next that nobody has taken
            await pace.pass_()
            if await tell_to_count_again(window, years, services, len(told), len(outdated)):
                told.append(window)
            else:
                ended += 1
            progress("signalled", len(told) + ended, len(outdated))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(TOLD_AT_ONCE):
                group.create_task(tell_some())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    changed, waiting = await _recounted(told, newest.version, calendar, patience, progress)
    return ImportReport(
        year=stored.year,
        version=stored.version,
        title=stored.title,
        imported=new,
        calendar=newest.version,
        examined=len(windows),
        signalled=len(told),
        ended=ended,
        changed=changed,
        waiting=waiting,
    )


async def preview_import(notice: Announcement, by: str, services: Services) -> ImportPreview:
    """What importing a notice would do; stores and sends nothing."""
    calendar = RegistryCalendar(services.registry)
    imported = await calendar.imported()
    of_year = [one for one in imported if one.year == notice.year]
    in_force = bool(of_year) and of_year[-1].digest == notice.digest
    number = max((one.version for one in imported), default=0) + 1
    new = Imported(**dict(notice), version=number, imported_at=now(), imported_by=by)
    newest = amended(packaged_arrangement(), imported if in_force else (*imported, new))
    windows = await calendar.open_windows()
    return ImportPreview(
        year=notice.year,
        title=notice.title,
        in_force=in_force,
        examined=len(windows),
        due=sum(1 for _ in outdated_windows(windows, _believed(imported), newest, now())),
    )


def _believed(imported: tuple[Imported, ...]) -> dict[str, Arrangement]:
    """Every calendar that a window can have been counted by, by its version."""
    packaged = packaged_arrangement()
    calendars = (amended(packaged, imported[:count]) for count in range(len(imported) + 1))
    return {calendar.version: calendar for calendar in calendars}


def outdated_windows(
    windows: Iterable[OpenWindow],
    believed: dict[str, Arrangement],
    newest: Arrangement,
    at: datetime,
) -> Iterator[tuple[OpenWindow, tuple[int, ...]]]:
    """The windows that hold a day on which the newest calendar differs from the one that they were
    counted by, up to the last escalation that they name at `at`, and the years of such days.

    Of a calendar that is not known any more (of other packages) any day may have differed.
    """
    changed: dict[str, list[date]] = {}
    for window in windows:
        if window.calendar == newest.version:
            continue
        before = believed.get(window.calendar or "")
        first, last = _days_held(window, before or newest, at)
        if before is None:
            yield window, tuple(range(first.year, max(first, last).year + 1))
            continue
        if before.version not in changed:
            changed[before.version] = sorted(changed_days(before, newest))
        days = changed[before.version]
        held = days[bisect_left(days, first) : bisect_right(days, last)]
        if held:
            yield window, tuple(sorted({day.year for day in held}))


def _days_held(window: OpenWindow, arrangement: Arrangement, at: datetime) -> tuple[date, date]:
    """The first and the last day that matter to a window; the day of its start does not count."""
    end = last_notice(window.stage, window.due_at, at, arrangement)
    return china_time(window.start).date() + ONE_DAY, china_time(end - _MOMENT).date()


async def tell_to_count_again(
    window: OpenWindow, years: tuple[int, ...], services: Services, done: int, total: int
) -> bool:
    """Tell a filing to count its window again; False where it has ended."""
    payload = {"years": list(years)}
    try:
        while (run := await _run_of(window, services)) is not None:
            with contextlib.suppress(_RunEnded):  # or was continued as a new one: look again
                await _signal_run(run, payload)
                return True
    except RPCError as error:
        raise ServiceUnreachable(
            f"Temporal went away ({error.status.name}): the notice is in force, {done} of {total} "
            "filings were told; run the same import again to tell the others"
        ) from error
    await settle(await find(window.uid, services), services)
    return False


class _RunEnded(Exception):
    """The run that was signalled is over."""


async def _run_of(window: OpenWindow, services: Services) -> WorkflowHandle[Any, Any] | None:
    """The run that the filing lives in, so that the next filing of the same id is never meant: a
    signal cannot be tied to a filing's first run. None where the filing has ended."""
    handle = services.client.get_workflow_handle(window.filing_id)
    try:
        description = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    first = description.raw_description.workflow_execution_info.first_run_id
    if first != window.uid or description.status is not WorkflowExecutionStatus.RUNNING:
        return None
    return services.client.get_workflow_handle(window.filing_id, run_id=description.run_id)


async def _signal_run(run: WorkflowHandle[Any, Any], payload: dict[str, Any]) -> None:
    try:
        await run.signal("calendar_changed", payload)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise _RunEnded from error
        raise


async def _recounted(
    told: list[OpenWindow],
    version: str,
    calendar: RegistryCalendar,
    patience: timedelta,
    progress: Progress,
) -> tuple[int, int]:
    """How many windows came out otherwise, and how many were not counted again yet."""
    loop = asyncio.get_running_loop()
    waiting = {window.uid: window for window in told}
    changed = 0
    until = loop.time() + patience.total_seconds()
    while waiting:
        some = list(islice(waiting, _LOOKED_AT))
        now = await calendar.windows_of(some)
        # One that runs no longer has ended, is held, or is of the next stage by now.
        counted = [
            uid for uid in some if (found := now.get(uid)) is None or found.calendar == version
        ]
        for uid in counted:
            before, after = waiting.pop(uid), now.get(uid)
            changed += after is not None and (
                (before.due_at, before.provisional) != (after.due_at, after.provisional)
            )
        if counted:
            until = loop.time() + patience.total_seconds()
            progress("recounted", len(told) - len(waiting), len(told))
        if not waiting or loop.time() >= until:
            break
        # Those that are not there yet must not hide those behind them.
        for uid in some:
            if uid in waiting:
                waiting[uid] = waiting.pop(uid)
        if len(counted) == len(some):
            continue
        await asyncio.sleep(_LOOKED_EVERY)
    return changed, len(waiting)
