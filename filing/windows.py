"""Windows: how long a stage may take, and when people are reminded. Pure; see contract, section 4."""

from datetime import date, datetime, timedelta
from enum import Enum

from filing.model import Model
from filing.vocabulary import Status


class Arrangement(Model):
    """A working-day calendar, as far as it is known.

    `holidays` are days off that are not ordinary weekends; `working_weekends` are Saturdays and
    Sundays that are worked (调休). `published_years` are those whose arrangement the State Council
    has announced, `first_year` to `last_year` those for which any day can be judged.
    """

    version: str
    """What was believed: source and version, as in `chinesecalendar 1.11.0`."""
    holidays: frozenset[date]
    working_weekends: frozenset[date]
    published_years: frozenset[int]


class WindowTerms(Model):
    """Settings that a window depends on, read when its stage begins."""

    correction_days: int = 45
    poll_first_seconds: float = 300.0
    """Pace of the authority's status checks: first pause, doubling to `poll_longest_seconds`."""
    poll_longest_seconds: float = 21600.0


class AlarmKind(str, Enum):
    """What an instant inside or after a window is for."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


ON_TIME = timedelta(hours=1)
"""How late an escalation may go out; a later one waits for the next time that notices have."""

OVERDUE = "overdue"
"""Label of the first escalation."""


class Alarm(Model):
    """An instant at which somebody is told. `label` names it: `half`, `last_day`, `day_7`,
    `hours_12`, `overdue`, `overdue_5`, …"""

    at: datetime
    kind: AlarmKind
    label: str


class WindowRequest(Model):
    """Which window is to be opened: of a stage, from an instant, less the holds."""

    stage: Status
    round: int
    start: datetime
    """When the window begins to run (aware)."""
    entered_at: datetime
    """When the stage was entered, or its window is counted again."""
    told_until: datetime | None = None
    """Alarms up to here are over, later ones still to be told although their instant has passed;
    None: `entered_at`."""
    offset_seconds: int = 0
    """The filing's own spread of 09:00 notices, 0 to 3599."""
    holds: tuple[tuple[datetime, datetime], ...] = ()
    owed: bool = False
    """Operations were never told that it is overdue: where the day for that has passed already
    (the window was counted again), they are told at the next time that notices go out."""


class Window(Model):
    """An open window. `due_at` in China time (UTC+8); a working day's 24:00 is the next day's 00:00."""

    stage: Status
    round: int
    start: datetime
    due_at: datetime
    provisional: bool
    calendar: str
    """Version of the arrangement that it was counted by."""
    alarms: tuple[Alarm, ...] = ()
    """In order of time, those still ahead of `entered_at`."""
    poll_first_seconds: float = 300.0
    poll_longest_seconds: float = 21600.0
