"""A simulated year, day by day.

Filings share nothing but the reviewers' desk, and a returned filing comes back to it on a later
day. So when a day begins, all that will come to the desk on it is known: the desk is played first,
alone, then each filing by itself, in as many processes as there are, and the result is the same with
any number of them.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from math import ceil
from random import Random
from typing import NamedTuple, Protocol

from filing.windows import Arrangement, WindowTerms
from filing.workdays import start_of, working_day_from
from operations.simulation.arrivals import Applicants, Start, day_of, starts
from operations.simulation.days import ONE_DAY, Days, OfficeHours
from operations.simulation.desk import Demand, Desk
from operations.simulation.habits import Habits
from operations.simulation.outside import Asking, Closures
from operations.simulation.report import Report, build_report
from operations.simulation.shell import Entry, Filing, Observer, World
from operations.simulation.tally import Tally

WORTH_A_PROCESS = 4000
"""Filings from which a second process is quicker than starting it is slow."""
Progress = Callable[[date, int, int], None]
"""Told after each day: the day, how many filings have started, how many will."""


class Plan(NamedTuple):
    """What is to be simulated."""

    filings: int
    seed: int
    year: int
    reviewers: int | None
    """None: as the habits say."""
    habits: Habits
    terms: WindowTerms
    arrangement: Arrangement


class Day(NamedTuple):
    """What a part of the filings is told in the morning."""

    starts: list[Start]
    """The filings of the next day: they start ahead, so that the desk knows of them in time."""
    reviewed: list[tuple[int, int]]
    """Filings that came to the desk this day, and when their reviews are done."""


class Part:
    """Some of the filings, played by one process."""

    def __init__(self, plan: Plan, observe: Observer | None = None) -> None:
        days = Days(plan.arrangement, plan.terms, plan.year)
        self._world = World(
            habits=plan.habits,
            days=days,
            end=start_of(date(plan.year + 1, 1, 1)),
            closures=Closures(
                tuple(days.working(date(plan.year, 1, 1), date(plan.year + 1, 12, 31))),
                _outage(plan, days),
                plan.habits.outage.province if plan.habits.outage else None,
            ),
            asking=Asking(plan.terms.poll_first_seconds, plan.terms.poll_longest_seconds),
            tally=Tally(),
            applicants=Applicants(plan.habits),
            observe=observe,
        )
        self._at_desk: dict[int, Filing] = {}

    def play(self, day: Day) -> list[Entry]:
        """Play on all filings that something is known of; gives those that come to the desk."""
        entries = []
        for start in day.starts:
            self._at_desk[start.number] = Filing(self._world, start)
            entries += self._go_on(start.number)
        for index, at in day.reviewed:
            self._at_desk[index].reviewed(at)
            entries += self._go_on(index)
        return entries

    def _go_on(self, index: int) -> list[Entry]:
        entry = self._at_desk[index].play()
        if entry is None:
            del self._at_desk[index]
            return []
        return [entry]

    def tally(self) -> Tally:
        """What has happened."""
        assert not self._at_desk, "filings wait for a desk that is closed"
        return self._world.tally


def _outage(plan: Plan, days: Days) -> tuple[datetime, datetime] | None:
    """From 00:00 of the first day to 00:00 of the one after the last."""
    outage = plan.habits.outage
    if outage is None:
        return None
    asked = date.fromisoformat(f"{plan.year}-{outage.first}")
    first = working_day_from(days.arrangement, asked)
    down = days.working(first, first + ONE_DAY * (outage.working_days * 3 + 30))
    return start_of(first), start_of(down[outage.working_days - 1] + ONE_DAY)


class _Player(Protocol):
    def play(self, day: Day) -> "Future[list[Entry]]": ...
    def tally(self) -> Tally: ...


class _Here:
    """A part that is played in this process."""

    def __init__(self, plan: Plan, observe: Observer | None) -> None:
        self._part = Part(plan, observe)

    def play(self, day: Day) -> "Future[list[Entry]]":
        done: Future[list[Entry]] = Future()
        done.set_result(self._part.play(day))
        return done

    def tally(self) -> Tally:
        return self._part.tally()


class _Elsewhere:
    """A part that is played in a process of its own."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def play(self, day: Day) -> "Future[list[Entry]]":
        return self._executor.submit(_play, day)

    def tally(self) -> Tally:
        return self._executor.submit(_tally).result()


_part: Part | None = None
"""In a process of a part: that part."""


def _begin(plan: Plan) -> None:
    global _part
    # Nothing here holds on to itself, so there is no garbage to look for: an eighth of the time.
    gc.disable()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _part = Part(plan)


def _end_with_parent() -> None:
    """A pool's process waits for ever for a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play(day: Day) -> list[Entry]:
    assert _part is not None
    return _part.play(day)


def _tally() -> Tally:
    assert _part is not None
    return _part.tally()


@contextmanager
def _players(plan: Plan, processes: int, observe: Observer | None) -> Iterator[list[_Player]]:
    if processes == 1:
        yield [_Here(plan, observe)]
        return
    with ExitStack() as stack:
        players: list[_Player] = []
        for _ in range(processes):
            executor = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(plan,)
            )
            players.append(_Elsewhere(stack.enter_context(executor)))
        with _interrupts_ignored():
            # The first order starts a process, which inherits this.
            started = [player.play(Day([], [])) for player in players]
        for future in started:
            future.result()
        yield players


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl-C is for the parent alone, who ends its processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def simulate(
    plan: Plan,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
    observe: Observer | None = None,
) -> Report:
    """Play the year. The same plan gives the same report, with any number of processes.

    `observe` sees every step of every filing; with it, all are played in this process.
    """
    if processes is None:
        processes = min(os.cpu_count() or 1, 1 + plan.filings // WORTH_A_PROCESS)
    if observe is not None:
        processes = 1
    days = Days(plan.arrangement, plan.terms, plan.year)
    first, last = date(plan.year, 1, 1), date(plan.year, 12, 31)
    working = days.working(first, last)
    reviewers = plan.reviewers or plan.habits.reviewers.count or _enough(plan, len(working))
    office = OfficeHours(
        days.working(first, date(plan.year + 1, 12, 31)), plan.habits.reviewers.hours
    )
    rng = Random(plan.seed)  # noqa: S311 - nothing secret: a simulation
    arriving: dict[date, list[Start]] = {}
    for start in starts(plan.filings, plan.year, plan.habits, days, rng):
        arriving.setdefault(day_of(start.at), []).append(start)
    with _players(plan, processes, observe) as players:
        entries = _play_year(players, first, last, arriving, Desk(office, reviewers), progress)
        tally = Tally()
        for player in players:
            tally += player.tally()
    return build_report(
        plan=(plan.filings, plan.seed, plan.year),
        reviewers=reviewers,
        demand=Demand(office, entries),
        tally=tally,
        days=days,
        habits=plan.habits,
    )


def _enough(plan: Plan, working_days: int) -> int:
    """Reviewers who are busy for the habits' `utilisation` of an average day."""
    reviewing = plan.habits.reviewers
    reviews = plan.filings * (1 + reviewing.returned_first)
    minutes = reviews * reviewing.minutes / working_days
    return max(ceil(minutes / (reviewing.minutes_a_day * reviewing.utilisation)), 1)


def _play_year(
    players: Sequence[_Player],
    first: date,
    last: date,
    arriving: dict[date, list[Start]],
    desk: Desk,
    progress: Progress | None,
) -> list[Entry]:
    """Every day of the year; gives all that came to the desk, in order."""
    coming: dict[date, list[Entry]] = {}
    done: list[Entry] = []
    total = sum(map(len, arriving.values()))
    started = len(arriving.get(first, ()))
    for entry in _all(
        players, [Day(part, []) for part in _dealt(arriving.pop(first, []), players)]
    ):
        coming.setdefault(day_of(entry.at), []).append(entry)
    today = first
    while today <= last:
        if progress is not None:
            progress(today, started, total)
        at_desk = sorted(coming.pop(today, []))
        done += at_desk
        reviewed: list[list[tuple[int, int]]] = [[] for _ in players]
        for entry in at_desk:
            reviewed[entry.number % len(players)].append((entry.number, desk.review(entry)))
        today += ONE_DAY
        tomorrow = arriving.pop(today, [])
        started += len(tomorrow)
        orders = [Day(*both) for both in zip(_dealt(tomorrow, players), reviewed, strict=True)]
        for entry in _all(players, orders):
            day = day_of(entry.at)
            assert day >= today, "came back to the desk on the day that it left it"
            coming.setdefault(day, []).append(entry)
    return done


def _dealt(filings: list[Start], players: Sequence[_Player]) -> list[list[Start]]:
    """Each part's own filings."""
    return [
        [start for start in filings if start.number % len(players) == n]
        for n in range(len(players))
    ]


def _all(players: Sequence[_Player], orders: list[Day]) -> Iterator[Entry]:
    """What comes to the desk, after all parts have played."""
    playing = [player.play(order) for player, order in zip(players, orders, strict=True)]
    for future in playing:
        yield from future.result()
