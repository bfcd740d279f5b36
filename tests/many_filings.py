"""Many filings in a registry, written by PostgreSQL itself: for query plans and measurements.

`python -m tests.many_filings DATABASE_URL COUNT` fills an empty database and prints how long lists and
statistics take on it, and how much of that the database computed. The figures in `docs/stats.md` are its output.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg

from filing.records import ListQuery
from filing.stats import By, StatsQuery
from gateways.calendar import packaged_arrangement
from gateways.migrate import upgrade
from gateways.registry import Registry
from gateways.stats import FilingStats
from operations.services import now

ROUNDS = 5

FILINGS = """
insert into filings (uid, filing_id, kind, applicant_type, province, appid, mini_program, status,
    round, waiting_for, entered_at, due_at, overdue, provisional, filing_number, subject_number,
    sequence, started_at, closed_at, view, agency, customer)
select md5(n::text), 'filing-wx' || lpad(to_hex(n), 16, '0'), 'new', 'enterprise',
    (array['江苏省', '浙江省', '广东省', '北京市', '上海市'])[1 + n % 5],
    'wx' || lpad(to_hex(n), 16, '0'),
    (array['昆山', '苏州', '云帆', '海天', '星辰', '智慧', '优选', '乐活', '万家', '鲜果'])[1 + n % 10]
        || (array['示例', '网络', '科技', '生活', '服务', '社区', '物流'])[1 + n / 10 % 7]
        || (array['商城', '小店', '助手', '平台', '之家', '管家'])[1 + n / 70 % 6] || n,
    stands.status, case when stands.last > 4 then 2 else 1 end, 'platform',
    started + stands.hours * interval '1 hour',
    case when stands.last < 12 then timestamptz '2026-12-01 00:00+08' + n % 40 * interval '1 day' end,
    stands.last < 12 and n % 53 = 0, false,
    case when stands.last = 12 then '苏ICP备2026' || lpad(n::text, 6, '0') || '号-1X' end,
    case when stands.last = 12 then '苏ICP备2026' || lpad(n::text, 6, '0') || '号' end,
    stands.last, started, case when stands.last = 12 then started + stands.hours * interval '1 hour' end,
    jsonb_build_object('status_label', stands.status, 'held', false, 'timeline', repeat(md5(n::text), 50)),
    '机构' || n % 300, 'C-' || n
from generate_series(1, $1::int) as n,
    lateral (select timestamptz '2026-01-05 10:00+08' + n % 250 * interval '1 day' as started) as begun,
    lateral (select * from (values
        (0, 'approved', 12, 940), (1, 'platform_review', 1, 0), (2, 'correction', 2, 20),
        (3, 'bureau_review', 10, 470), (4, 'sms_verification', 8, 450), (5, 'approved', 12, 940),
        (6, 'bureau_review', 11, 470)
    ) as stand (number, status, last, hours) where number = n % 7) as stands
"""

EVENTS = """
insert into events (uid, sequence, purpose, at, status, round, by, note, detail, digest, run)
select uid, step.sequence, purpose, started_at + (hours + least(step.sequence - 1, 1) * ascii(uid) % 30)
    * interval '1 hour', step.status, step.round, 'x', 'x',
    case when step.status = 'correction' and purpose = 'transition' then jsonb_build_object('reasons',
        jsonb_build_array(jsonb_build_object('field', 'subject.name', 'reason', '理由' || ascii(uid) % 9)))
    else '{}' end, 'digest', 'run'
from filings, (values
    (1, 'transition', 'platform_review', 1, 0), (2, 'transition', 'correction', 1, 20),
    (3, 'note', 'correction', 1, 200), (4, 'transition', 'platform_review', 2, 250),
    (5, 'note', 'platform_review', 2, 255), (6, 'transition', 'submission', 2, 400),
    (7, 'fact', 'submission', 2, 420), (8, 'transition', 'sms_verification', 2, 450),
    (9, 'fact', 'sms_verification', 2, 460), (10, 'transition', 'bureau_review', 2, 470),
    (11, 'overdue', 'bureau_review', 2, 900), (12, 'transition', 'approved', 2, 940)
) as step (sequence, purpose, status, round, hours)
where step.sequence <= filings.sequence
"""

LISTS = (
    ListQuery(overdue=True),
    ListQuery(),
    ListQuery(name="示例商城"),
    ListQuery(name="商", open_only=False),
    ListQuery(number="苏ICP备2026000777号-1X", open_only=False),
    ListQuery(agency="机构17"),
    ListQuery(customer="C-7777"),
)
FIGURES = (
    StatsQuery(),
    StatsQuery(by=By.PROVINCE),
    StatsQuery(by=By.AGENCY),
    StatsQuery(agency="机构17"),
)


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """Write so many filings and their logs into an empty registry, of which five in seven are open."""
    await connection.execute(FILINGS, count, timeout=600)
    await connection.execute(EVENTS, timeout=600)
    await connection.execute("vacuum analyze", timeout=600)


async def _measure(database_url: str, count: int) -> None:
    await upgrade(database_url)
    connection = await asyncpg.connect(database_url)
    await fill(connection, count)
    entries = await connection.fetchval("select count(*) from events")
    say(f"{count} filings, {entries} entries")
    registry = await Registry.open(database_url)
    for listed in LISTS:
        name = f"list {listed.model_dump(exclude_defaults=True)}"
        await _timed(name, partial(registry.list_filings, listed))
    figures, arrangement = FilingStats(registry), packaged_arrangement()
    for asked in FIGURES:
        name = f"stats {asked.model_dump(mode='json', exclude_defaults=True)}"
        await _timed(name, partial(figures.figures, asked, arrangement, now()))
    await registry.close()
    await connection.close()


async def _timed(name: str, ask: Callable[[], Awaitable[Any]]) -> None:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await ask()
        times.append(timedelta(seconds=time.perf_counter() - begun) / timedelta(milliseconds=1))
    say(f"{name}: median {statistics.median(times):.0f} ms, best {min(times):.0f}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    asyncio.run(_measure(sys.argv[1], int(sys.argv[2])))
