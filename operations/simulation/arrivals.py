"""Who files, and when: the filings that a simulated year starts with."""

from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from filing.application import (
    Application,
    Contact,
    MiniProgram,
    Person,
    PersonCertificate,
    Subject,
    SubjectCertificate,
)
from filing.model import CHINA, unchecked
from filing.vocabulary import ApplicantType, CertificateType, Kind
from filing.workdays import start_of
from operations.simulation.days import ONE_DAY, Days
from operations.simulation.habits import Arrivals, Habits

_application = unchecked(Application)


class Start(NamedTuple):
    """One filing to come. `seed`: of all that chance decides about it."""

    at: int
    """Seconds since 1970."""
    number: int
    bureau: int
    """Index among the habits' bureaus."""
    one_phone: bool
    seed: int


def starts(count: int, year: int, habits: Habits, days: Days, rng: Random) -> list[Start]:
    """The year's filings, in order of time."""
    calendar = [date(year, 1, 1) + ONE_DAY * n for n in range(365)]
    if (calendar[-1] + ONE_DAY).year == year:
        calendar.append(calendar[-1] + ONE_DAY)
    weights = _weights(calendar, habits.arrivals, days)
    on_days = rng.choices(range(len(calendar)), cum_weights=list(accumulate(weights)), k=count)
    hours = rng.choices(range(24), habits.arrivals.hours, k=count)
    shares = [bureau.share for bureau in habits.bureaus]
    bureaus = rng.choices(range(len(shares)), shares, k=count)
    midnights = [int(start_of(day).timestamp()) for day in calendar]
    instants = sorted(
        midnights[day] + hour * 3600 + rng.randrange(3600)
        for day, hour in zip(on_days, hours, strict=True)
    )
    return [
        Start(
            at,
            index,
            bureau,
            rng.random() < habits.principals.one_phone,
            rng.getrandbits(64),
        )
        for index, (at, bureau) in enumerate(zip(instants, bureaus, strict=True))
    ]


def _weights(calendar: list[date], habits: Arrivals, days: Days) -> list[float]:
    working = [days.is_working(day) for day in calendar]
    weights = [1.0 if works else habits.day_off for works in working]
    for first, last in _breaks(working, habits.break_days):
        before = (n for n in range(first - 1, -1, -1) if working[n])
        after = (n for n in range(last + 1, len(calendar)) if working[n])
        for n, factor in zip(before, habits.before_break, strict=False):
            weights[n] *= factor
        for n, factor in zip(after, habits.after_break, strict=False):
            weights[n] *= factor
    for rush in habits.rushes:
        for n, day in enumerate(calendar):
            if _within(f"{day:%m-%d}", rush.first, rush.last):
                weights[n] *= rush.factor
    return weights


def _breaks(working: list[bool], least: int) -> list[tuple[int, int]]:
    """First and last index of each stretch of at least so many days off."""
    found: list[tuple[int, int]] = []
    first = None
    for n, works in enumerate([*working, True]):
        if not works and first is None:
            first = n
        elif works and first is not None:
            if n - first >= least:
                found.append((first, n - 1))
            first = None
    return found


def _within(day: str, first: str, last: str) -> bool:
    if first <= last:
        return first <= day <= last
    return day >= first or day <= last  # over the turn of the year


def moment(seconds: int) -> datetime:
    """An instant in China time from seconds since 1970."""
    return datetime.fromtimestamp(seconds, CHINA)


def day_of(seconds: int) -> date:
    """The day, China time, of an instant."""
    return moment(seconds).date()


class Applicants:
    """Applications of invented subjects: of the shape that the process carries, and no more.

    They are no material for the checks: whether a correction passes those is a habit.
    """

    def __init__(self, habits: Habits) -> None:
        self._subjects = [_subject(bureau.name) for bureau in habits.bureaus]
        self._other = _person("13900000003")
        self._mini_program = MiniProgram(
            appid="wx",
            name="模拟小程序",
            remark="仅用于容量推演的小程序,内容均为虚构,不会提交给任何备案系统",
            service_contents=("tools",),
            principal=self._other,
        )
        self._contact = Contact(email="simulation@example.com")

    def application(self, start: Start) -> Application:
        """The application as it is first sent."""
        subject = self._subjects[start.bureau]
        mini_program = self._mini_program.model_copy(
            update={
                "appid": f"wx{start.number:016x}",
                "name": f"模拟小程序{start.number}",
                "principal": subject.principal if start.one_phone else self._other,
            }
        )
        return _application(
            kind=Kind.NEW,
            mini_program=mini_program,
            subject=subject,
            contact=self._contact,
        )


def corrected(application: Application, draft: int) -> Application:
    """The application with another text, as the correction number `draft`."""
    remark = f"仅用于容量推演的小程序,内容均为虚构,不会提交给任何备案系统(第 {draft} 稿)"
    changed = application.mini_program.model_copy(update={"remark": remark})
    return application.model_copy(update={"mini_program": changed})


def _subject(province: str) -> Subject:
    return Subject(
        type=ApplicantType.ENTERPRISE,
        name="模拟主体",
        certificate=SubjectCertificate(
            type=CertificateType.BUSINESS_LICENCE, number="-", address=province
        ),
        province=province,
        city=province,
        district=province,
        address="-",
        principal=_person("13900000001"),
    )


def _person(mobile: str) -> Person:
    return Person(
        name="模拟负责人",
        certificate=PersonCertificate(
            type=CertificateType.RESIDENT_ID,
            number="-",
            valid_from=date(2020, 1, 1),
            valid_to="长期",
        ),
        mobile=mobile,
        email="simulation@example.com",
        emergency_mobile="13900000009",
    )


def hours(count: float) -> timedelta:
    """So many hours, in whole seconds."""
    return timedelta(seconds=round(count * 3600))
