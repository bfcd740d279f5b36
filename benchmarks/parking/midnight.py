"""Windows that end at one midnight, reached by real time.

Each filing's clock is moved on by the server's own time skipping, by the same length: from wall time to
an instant before its midnight. From there it goes on with wall time, for what is skipped and what
passes add up, so that all of them reach midnight at the same moment of the wall clock, as many timers
as there are filings. Nothing is skipped any more then. The same again for the morning after, when
operations are told: each filing at 09:00 and its own seconds.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType

from benchmarks.parking.asking import peak_memory
from benchmarks.parking.home import Parked, Progress, each, say, used
from filing.process.state import notice_offset
from filing.window_rules import NoticeTimes
from gateways.calendar import RegistryCalendar
from operations.services import now
from operations.time_travel import skipper

AT_ONCE = 64
TRIAL = 200
"""Filings by which is measured how fast clocks can be moved."""
SPARE = timedelta(seconds=45)
SETTLED = 60.0
"""Seconds without news after which what is missing counts as lost."""
LOOK_EVERY = 0.5
SAMPLE = 200
"""Filings whose histories tell where the time went."""
BEFORE_MORNING = timedelta(seconds=30)


@dataclass(frozen=True)
class _Chosen:
    uid: str
    filing_id: str


async def midnight(
    parked: Parked,
    count: int,
    ahead: float | None,
    morning: float,
    told: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Let so many windows end at once, and say what came of it; then watch so many seconds of the
    morning after, until which the clocks have to be moved once more."""
    due = await parked.ask(
        "select due_at from filings where closed_at is null and status = 'platform_review'"
        " and not overdue group by due_at order by count(*) desc limit 1"
    )
    rows = await parked.rows(
        "select uid, filing_id from filings where closed_at is null and status = 'platform_review'"
        " and not overdue and due_at = $1 order by md5(uid) limit $2",
        due,
        count,
    )
    chosen = [_Chosen(row["uid"], row["filing_id"]) for row in rows]
    assert len(chosen) == count, f"{len(chosen)} windows end at {due}: park more"
    # All reminders lie before this, so that what is sent on the way is sent on the way.
    trial = chosen[:TRIAL]
    rate = await _moved(parked, trial, due - timedelta(hours=2) - now(), "moved for a trial")
    needed = timedelta(seconds=ahead or count / rate * 1.3)
    at = now() + needed + SPARE
    say(f"midnight for {count} filings at {at:%H:%M:%S}, in {(at - now()).total_seconds():.0f} s")
    moved = await _moved(parked, chosen, due - at, "moved to just before midnight")
    late = max((now() - at).total_seconds(), 0)
    mails = len(parked.stack.mail.messages())
    cpu = parked.processor()
    peak = asyncio.create_task(peak_memory(parked.stack.worker.pid))
    uids = [one.uid for one in chosen]
    overdue = "select count(*) from filings where uid = any($1) and overdue"
    done = await _all(parked, overdue, uids, "recorded as overdue", until=at)
    peak.cancel()
    # In a home that stays they may have been overdue before, and a calendar gave them more time.
    events = await parked.rows(
        "select uid, recorded_at from events_in_force where uid = any($1) and purpose = 'overdue'"
        " and recorded_at > $2",
        uids,
        at - SPARE,
    )
    figures = {
        "windows": count,
        "due_at": due.isoformat(),
        "clocks_moved_per_second": round(moved, 1),
        "moved_too_late_by_seconds": round(late, 1),
        "recorded": done,
        "lost": count - done,
        "seconds_until_recorded": _spread(
            [(row["recorded_at"] - at).total_seconds() for row in events]
        ),
        "recorded_twice": sum(n > 1 for n in Counter(row["uid"] for row in events).values()),
        "of_a_sample": await _histories(parked, chosen[:: max(1, count // SAMPLE)], due),
        "worker_memory_at_most_mib": await peak,
        "cpu_seconds": used(cpu, parked.processor()),
        "mails_at_midnight": len(parked.stack.mail.messages()) - mails,
        "mib": await parked.sizes(),
    }
    if morning:
        told(figures)
        figures["morning"] = await _morning(parked, chosen, due, at, morning, rate)
    return figures


async def _moved(parked: Parked, chosen: Sequence[_Chosen], offset: timedelta, what: str) -> float:
    """Move clocks on until they are so far ahead of wall time; how many a second."""
    moving = skipper(parked.services)
    going = Progress(what, len(chosen))

    async def move(one: _Chosen) -> None:
        handle = parked.services.client.get_workflow_handle(one.filing_id)
        ahead = await moving.get_current_time(handle) - now()
        if ahead < offset - timedelta(seconds=0.5):
            await moving.fast_forward(handle, offset - ahead)
        going.came(going.done + 1)

    await each(AT_ONCE, chosen, move)
    return going.rate


async def _all(parked: Parked, sql: str, uids: list[str], what: str, until: datetime) -> int:
    """Wait until the registry has all, or for so long nothing more; how many it has."""
    coming, news = Progress(what, len(uids)), time.monotonic()
    while coming.done < len(uids):
        done = await parked.ask(sql, uids)
        if done > coming.done or now() < until:
            news = time.monotonic()
        coming.came(done)
        if time.monotonic() - news > SETTLED:
            break
        await asyncio.sleep(LOOK_EVERY)
    return coming.done


async def _histories(
    parked: Parked, sample: Sequence[_Chosen], due: datetime
) -> dict[str, dict[str, float]]:
    """Seconds after midnight at which timers fired, and that workflow tasks waited for a worker, and
    took; by the server's own account, in the filings' own time."""
    fired, waited, took = [], [], []
    for one in sample:
        history = await parked.services.client.get_workflow_handle(one.filing_id).fetch_history()
        events = history.events
        for place, event in enumerate(events):
            if event.event_type != EventType.EVENT_TYPE_TIMER_FIRED:
                continue
            after = (event.event_time.ToDatetime(due.tzinfo) - due).total_seconds()
            if -1 <= after < timedelta(hours=1).total_seconds():
                task = [e.event_time.ToDatetime(due.tzinfo) for e in events[place:] if _task(e)][:3]
                fired.append(after)
                waited.append((task[1] - task[0]).total_seconds())
                took.append((task[2] - task[1]).total_seconds())
    return {
        "timer_fired_after": _spread(fired),
        "task_waited": _spread(waited),
        "task_took": _spread(took),
    }


def _task(event: Any) -> bool:
    return event.event_type in (
        EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    )


async def _morning(
    parked: Parked,
    chosen: Sequence[_Chosen],
    due: datetime,
    at: datetime,
    seconds: float,
    rate: float,
) -> dict[str, Any]:
    """Some of the hour in which operations are told: how late each notice is, and how many mails."""
    arrangement = await RegistryCalendar(parked.services.registry).arrangement()
    nine = NoticeTimes(arrangement, 0).after(due.astimezone(now().tzinfo))
    begins = now() + timedelta(seconds=len(chosen) / rate * 1.3) + SPARE
    await _moved(parked, chosen, nine - begins, "moved to just before the morning")
    mails, cpu = len(parked.stack.mail.messages()), parked.processor()
    wait = begins + timedelta(seconds=seconds) - now()
    say(f"the morning begins at {begins:%H:%M:%S}; its first {seconds:.0f} s are watched")
    await asyncio.sleep(max(wait.total_seconds(), 0))
    expected = {one.uid: notice_offset(one.uid) for one in chosen}
    due_by_now = {uid: s for uid, s in expected.items() if s <= seconds - 15}
    rows = await parked.rows(
        "select uid, sent_at from notices where uid = any($1) and purpose = 'overdue'"
        " and sent_at is not null",
        list(due_by_now),
    )
    late = [(row["sent_at"] - begins).total_seconds() - expected[row["uid"]] for row in rows]
    return {
        "seconds": seconds,
        "notices_due": len(due_by_now),
        "filings_told_of": len({row["uid"] for row in rows}),
        "notices_sent": len(rows),
        "mails": len(parked.stack.mail.messages()) - mails,
        "seconds_late": _spread(late),
        "cpu_seconds": used(cpu, parked.processor()),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"count": len(values)}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {
        "count": len(values),
        "least": round(min(values), 2),
        "median": round(cuts[49], 2),
        "p95": round(cuts[94], 2),
        "most": round(max(values), 2),
    }
