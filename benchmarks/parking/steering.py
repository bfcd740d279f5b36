"""Decisions over the death of a worker, and a calendar that touches every filing."""

import asyncio
import json
import os
import sys
import time
from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.parking.asking import peak_memory
from benchmarks.parking.home import Parked, Progress, say, used
from benchmarks.parking.park import BY, approval, signal_all
from benchmarks.program import ROOT
from filing.model import CHINA
from filing.workdays import working_day_from
from gateways.calendar import RegistryCalendar
from operations.calendar import Known, year_shown

LOOK_EVERY = 0.1
_DECIDED = """
from events_in_force where uid = any($1) and purpose = 'transition' and status = 'submission'
"""
DECISIONS = f"select count(*) {_DECIDED}"
DECIDED = f"select count(distinct uid) {_DECIDED}"


async def kill(parked: Parked, count: int, patience: float) -> dict[str, Any]:
    """Kill the worker, send half of the decisions, start it, and send the others; seconds from its
    restart until all are in the log, `lost` being those that are not after `patience` seconds."""
    rows = await parked.rows(
        "select uid, filing_id from filings where closed_at is null and status = 'platform_review'"
        " and not overdue order by md5(uid) limit $1",
        count,
    )
    assert len(rows) == count, f"{len(rows)} filings wait in platform review: park more"
    uids = [row["uid"] for row in rows]
    signals = [(row["filing_id"], "platform_decision", approval(row["filing_id"])) for row in rows]
    worker = parked.stack.worker
    dead = worker.pid
    await worker.kill_worker()
    while_down, after = signals[: count // 2], signals[count // 2 :]
    await signal_all(parked, while_down)
    before = parked.processor()
    begun = time.monotonic()
    starting = asyncio.create_task(worker.start_worker())
    sending = asyncio.create_task(signal_all(parked, after))
    applied = Progress("decisions applied", count)
    first = ready = sent = None
    while True:
        done = await parked.ask(DECISIONS, uids)
        now = round(time.monotonic() - begun, 2)
        first = first or (now if done else None)
        ready = ready or (now if starting.done() else None)
        sent = sent or (now if sending.done() else None)
        applied.came(done)
        if done >= count or now > patience:
            break
        await asyncio.sleep(LOOK_EVERY)
    all_applied = round(time.monotonic() - begun, 2)
    cpu = used(before, parked.processor())
    await asyncio.gather(starting, sending)
    assert worker.pid != dead
    decisions, decided = await parked.ask(DECISIONS, uids), await parked.ask(DECIDED, uids)
    return {
        "decisions": count,
        "sent_while_down": len(while_down),
        "seconds_from_restart_until": {
            "worker_ready": ready,
            "all_sent": sent,
            "first_applied": first,
            "all_applied": all_applied if done >= count else None,
        },
        "lost": count - decided,
        "applied_twice": decisions - decided,
        "cpu_seconds_until_all_applied": cpu,
        "mib": await parked.sizes(),
        "open": await parked.statuses(),
    }


async def calendar(parked: Parked, rate: float) -> dict[str, Any]:
    """Import a notice by which the last day of most filings' windows becomes a day off."""
    due = await parked.ask(
        "select due_at from filings where closed_at is null and status = 'platform_review'"
        " and not overdue group by due_at order by count(*) desc limit 1"
    )
    assert due is not None, "nothing waits in platform review: park some"
    arrangement = await RegistryCalendar(parked.services.registry).arrangement()
    last = due.astimezone(CHINA).date() - timedelta(days=1)
    day = working_day_from(arrangement, last)  # it may be off since a run that was broken off
    notice = parked.home / "parking" / "notice.json"
    notice.parent.mkdir(exist_ok=True)
    notice.write_text(json.dumps(await _notice(parked, day), ensure_ascii=False), encoding="utf-8")
    before = await _due(parked)
    cpu = parked.processor()
    windows = "select count(*) from filings where closed_at is null and due_at is not null"
    running = await parked.ask(windows)
    say(f"importing a notice by which {day} is a day off; {running} windows run")
    newest = "select coalesce(max(version), 0) from calendars"
    earlier = await parked.ask(newest)
    begun = time.monotonic()
    peak = asyncio.create_task(peak_memory(parked.stack.worker.pid))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "starter.py", "calendar", "import", str(notice)),
        *("--by", BY, "--rate", str(rate), "--json"),
        cwd=ROOT,
        env={**os.environ, "BEIAN_HOME": str(parked.home)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    printing = asyncio.create_task(process.stdout.read())
    counting = Progress("counted again", running)
    counted = "select count(*) from filings where closed_at is null and calendar like $1"
    while not printing.done():
        version = await parked.ask(newest)
        if version > earlier:
            counting.came(await parked.ask(counted, f"%(imported #{version})"))
        await asyncio.wait({printing}, timeout=2)
    seconds = time.monotonic() - begun
    assert await process.wait() == 0
    peak.cancel()
    report = json.loads(printing.result())
    after = await _due(parked)
    of_day = [uid for uid, (at, late) in before.items() if at == due and not late]
    return {
        "day_off": str(day),
        "seconds": round(seconds, 1),
        "per_second": round(report["signalled"] / seconds, 1),
        "report": report,
        "in_review_due_on_that_day_before": len(of_day),
        "due_later_now": sum(uid in after and after[uid][0] > due for uid in of_day),
        "counted_by_the_new_calendar": await parked.ask(
            "select count(*) from filings where closed_at is null and due_at is not null"
            " and calendar = $1",
            report["calendar"],
        ),
        "windows": await parked.ask(windows),
        "worker_memory_at_most_mib": await peak,
        "cpu_seconds": used(cpu, parked.processor()),
        "mib": await parked.sizes(),
    }


async def _due(parked: Parked) -> dict[str, tuple[datetime, bool]]:
    # Of other stages some come to their next one meanwhile.
    rows = await parked.rows(
        "select uid, due_at, overdue from filings where closed_at is null"
        " and status = 'platform_review' and due_at is not null"
    )
    return {row["uid"]: (row["due_at"], row["overdue"]) for row in rows}


async def _notice(parked: Parked, day: date) -> dict[str, Any]:
    """The year as it is known, and one day off more."""
    known = RegistryCalendar(parked.services.registry)
    arrangement, imported = await known.arrangement(), await known.imported()
    shown = year_shown(day.year, Known(arrangement=arrangement, imported=imported))
    periods = [
        {"name": off.name, "from": str(off.first), "to": str(off.last)} for off in shown.periods
    ]
    return {
        "year": day.year,
        "title": f"{day} 放假的通知(基准测试)",
        "announced_on": str(date(day.year - 1, 11, 4)),
        "holidays": [*periods, {"name": "", "from": str(day), "to": str(day)}],
        "working_weekends": [str(worked) for worked in shown.working_weekends if worked != day],
    }
