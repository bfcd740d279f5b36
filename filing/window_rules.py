"""How a window is opened: its end, and the instants at which people are told.

Source: contract, section 4; the table below is its table. Pure: the arrangement, the terms and the
holds are passed in, so the same request always gives the same window.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import Enum

from filing.model import CHINA, Model, unchecked
from filing.vocabulary import Status
from filing.windows import (
    ON_TIME,
    OVERDUE,
    Alarm,
    AlarmKind,
    Arrangement,
    Window,
    WindowRequest,
    WindowTerms,
)
from filing.workdays import (
    ONE_DAY,
    calendar_days_after,
    china_time,
    days_touched,
    end_of_calendar_days,
    end_of_working_days,
    is_provisional,
    start_of,
    take,
    working_day_from,
    working_days_after,
)

NOTICE_TIME = time(9)
"""When notices go out, China time, plus the filing's own offset."""
ESCALATIONS_AHEAD = 12
"""How many repeated escalations a window names; whoever needs more opens it again, later."""

_alarm = unchecked(Alarm)
_window = unchecked(Window)


class Unit(str, Enum):
    """What a window is counted in."""

    HOURS = "hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


class Rule(Model):
    """A stage's window."""

    unit: Unit
    length: int | None
    """In `unit`; None: `WindowTerms.correction_days`."""
    reminders: tuple[int, ...] = ()
    """Hours before the end (`hours`), or days after the start (`calendar_days`). A window of working
    days has its reminders at half and on its last day."""
    escalates: bool = False
    """Whether operations are told when it is overdue."""
    escalates_every: int | None = None
    """Again every so many working days."""
    source: str


BUREAU_AT_LEAST = 1
"""Working days of the bureau's review, at least (contract 4; the guide says 1 to 20)."""

RULES = {
    Status.PLATFORM_REVIEW: Rule(
        unit=Unit.WORKING_DAYS,
        length=2,
        escalates=True,
        source="contract 4; platform review takes 1-2 working days: domain.md 0.1, SEED",
    ),
    Status.SUBMISSION: Rule(
        unit=Unit.WORKING_DAYS,
        length=2,
        escalates=True,
        source="contract 4; no public source: our own bound, WeChat's check included",
    ),
    Status.SMS_VERIFICATION: Rule(
        unit=Unit.HOURS,
        length=24,
        reminders=(12, 2),
        source="contract 4; 24 calendar hours: domain.md 3.3 and 5, V/O",
    ),
    Status.BUREAU_REVIEW: Rule(
        unit=Unit.WORKING_DAYS,
        length=20,
        escalates=True,
        escalates_every=5,
        source="contract 4; Order 33 Art. 12 and N105 section 2(7), O",
    ),
    Status.CORRECTION: Rule(
        unit=Unit.CALENDAR_DAYS,
        length=None,
        reminders=(7, 15, 30),
        source="contract 4; by analogy with Tencent Cloud's 45 days: domain.md 3.5, O, deprecated",
    ),
}
"""Stages without a row have no window: the final ones."""


def working_days_ahead(sms_check: bool) -> tuple[int, int]:
    """How many working days a filing that is submitted may still take, at least and at most.

    At most each window's whole length, an SMS check's 24 hours as one day; at least the bureau's
    one (`domain.md` 0: 1 to 20 working days).
    """
    stages = [Status.SUBMISSION, Status.BUREAU_REVIEW]
    most = sum(RULES[stage].length or 0 for stage in stages) + sms_check
    return BUREAU_AT_LEAST, most


def open_window(request: WindowRequest, arrangement: Arrangement, terms: WindowTerms) -> Window:
    """The window of a stage, counted from `request.start`, with the alarms after `told_until`.

    Opened again with more holds or another arrangement, it is counted from its start anew; with a
    later `entered_at` it names the alarms still ahead of that, and those that passed untold: a
    reminder is due at once, and none any more once the window is over; escalations that are late
    go out once, at the next time that notices have. Raises `ValueError` for a stage that
    has no window and for a naive instant.
    """
    rule = RULES.get(request.stage)
    if rule is None:
        raise ValueError(f"{request.stage.value} has no window")
    start = china_time(request.start)
    length = terms.correction_days if rule.length is None else rule.length
    notice = NoticeTimes(arrangement, request.offset_seconds)
    if rule.unit is Unit.HOURS:
        due_at = _end_of_hours(start, timedelta(hours=length), request.holds)
        provisional = False
        reminders = _before_the_end(rule, due_at)
    else:
        held = days_touched(request.holds)
        if rule.unit is Unit.WORKING_DAYS:
            due_at = end_of_working_days(arrangement, start, length, held)
            # The start's own day does not count, so nothing rests on its being worked.
            last_day = due_at.date() - ONE_DAY
            provisional = is_provisional(arrangement, start.date() + ONE_DAY, last_day)
            reminders = _half_and_last(arrangement, notice, start, length, held)
        else:
            due_at = end_of_calendar_days(start, length, held)
            provisional = False
            reminders = _after_the_start(rule, notice, start, due_at, held)
    entered_at = china_time(request.entered_at)
    told_until = china_time(request.told_until or request.entered_at)
    alarms = []
    if entered_at < due_at:
        alarms = [alarm for alarm in reminders if told_until < alarm.at < due_at]
    if rule.escalates:
        series = _escalations(arrangement, notice, rule, due_at)
        alarms += _ahead(series, notice, told_until, entered_at, owed=request.owed)
    return _window(
        stage=request.stage,
        round=request.round,
        start=start,
        due_at=due_at,
        provisional=provisional,
        calendar=arrangement.version,
        alarms=tuple(alarms),
        poll_first_seconds=terms.poll_first_seconds,
        poll_longest_seconds=terms.poll_longest_seconds,
    )


def last_notice(
    stage: Status, due_at: datetime, now: datetime, arrangement: Arrangement
) -> datetime:
    """The last instant that a window names: its end, or the last escalation after it that can be
    named by now. Days after it do not matter to the window."""
    rule = RULES[stage]
    if not rule.escalates:
        return due_at
    notice = NoticeTimes(arrangement, 0)
    series = _escalations(arrangement, notice, rule, china_time(due_at))
    ahead = _ahead(series, notice, now, china_time(now), owed=False)
    return max((alarm.at for alarm in ahead), default=due_at)


class NoticeTimes:
    """When notices of a day go out: 09:00 of its working day, plus the filing's own offset."""

    def __init__(self, arrangement: Arrangement, offset_seconds: int) -> None:
        self._arrangement = arrangement
        self._offset = timedelta(seconds=offset_seconds)

    def on(self, day: date) -> datetime:
        """The instant for that day, or for the next working day where it is none."""
        working = working_day_from(self._arrangement, day)
        return datetime.combine(working, NOTICE_TIME, CHINA) + self._offset

    def after(self, instant: datetime) -> datetime:
        """The next such instant of a working day."""
        today = self.on(instant.date())
        return today if today > instant else self.on(instant.date() + ONE_DAY)


def _end_of_hours(
    start: datetime, length: timedelta, holds: tuple[tuple[datetime, datetime], ...]
) -> datetime:
    """The end of an exact window: each hold that begins before the end moves it on by its length.

    In order of time, so that a hold within what an earlier one added counts too, and from where
    the one before ended, so that holds that overlap count once.
    """
    due_at = start + length
    counted_to = start
    for begin, end in sorted((china_time(begin), china_time(end)) for begin, end in holds):
        begin = max(begin, counted_to)
        if begin >= due_at:
            break
        if end > begin:
            due_at += end - begin
            counted_to = end
    return due_at


def _before_the_end(rule: Rule, due_at: datetime) -> list[Alarm]:
    """Reminders some hours before the end, exactly: without 09:00 and without offset."""
    return [
        _alarm(at=due_at - timedelta(hours=hours), kind=AlarmKind.REMINDER, label=f"hours_{hours}")
        for hours in rule.reminders
    ]


def _half_and_last(
    arrangement: Arrangement,
    notice: NoticeTimes,
    start: datetime,
    length: int,
    held: frozenset[date],
) -> list[Alarm]:
    """Reminders on the day on which half of the window is left, and on its last working day."""
    days = take(working_days_after(arrangement, start, held), length)
    half = days[min(length - length // 2, length - 1)]
    labels = {half: "half", days[-1]: "last_day"}  # the same day twice: last_day stays
    return [
        _alarm(at=notice.on(day), kind=AlarmKind.REMINDER, label=label)
        for day, label in labels.items()
    ]


def _after_the_start(
    rule: Rule,
    notice: NoticeTimes,
    start: datetime,
    due_at: datetime,
    held: frozenset[date],
) -> list[Alarm]:
    """Reminders on the n-th day of a window of calendar days. A long holiday may bring two to one
    working day: the later one's label stays."""
    days = take(calendar_days_after(start, held), max(rule.reminders))
    labels: dict[datetime, str] = {}
    for count in rule.reminders:
        if start_of(days[count - 1]) < due_at:
            labels[notice.on(days[count - 1])] = f"day_{count}"
    return [_alarm(at=at, kind=AlarmKind.REMINDER, label=label) for at, label in labels.items()]


def _escalations(
    arrangement: Arrangement, notice: NoticeTimes, rule: Rule, due_at: datetime
) -> Iterator[Alarm]:
    """The escalations in order: the first on the working day on or after the end, then, where the
    rule repeats them, more without end."""
    first_day = working_day_from(arrangement, due_at.date())
    yield _alarm(at=notice.on(first_day), kind=AlarmKind.ESCALATION, label=OVERDUE)
    if rule.escalates_every is not None:
        yield from _repeated(arrangement, notice, first_day, rule.escalates_every)


def _ahead(
    series: Iterator[Alarm],
    notice: NoticeTimes,
    told_until: datetime,
    now: datetime,
    *,
    owed: bool,
) -> list[Alarm]:
    """The escalations that are still to be told: the first and `ESCALATIONS_AHEAD` more, those that
    passed untold as one. `owed`: nobody was told yet, whenever the first one's instant was."""
    passed: list[Alarm] = []
    ahead: list[Alarm] = []
    for alarm in series:
        if alarm.at <= now:
            passed.append(alarm)
            continue
        ahead.append(alarm)
        if len(ahead) == ESCALATIONS_AHEAD + (not passed):
            break
    untold = [alarm for alarm in passed if alarm.at > told_until]
    if not untold and not (owed and passed):
        return ahead
    last = (untold or passed)[-1]
    on_time = bool(untold) and now - last.at <= ON_TIME
    at = last.at if on_time else notice.after(now)
    label = OVERDUE if owed else last.label
    return [_alarm(at=at, kind=AlarmKind.ESCALATION, label=label), *ahead]


def _repeated(
    arrangement: Arrangement, notice: NoticeTimes, first_day: date, every: int
) -> Iterator[Alarm]:
    """An escalation on every `every`-th working day after the first day, without end."""
    days = working_days_after(arrangement, start_of(first_day))
    count = 0
    while True:
        day = take(days, every)[-1]
        count += every
        yield _alarm(at=notice.on(day), kind=AlarmKind.ESCALATION, label=f"overdue_{count}")
