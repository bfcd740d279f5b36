"""How people and offices behave in a simulated year: data, with defaults that are invented.

**No number here was measured.** They are assumptions that sound plausible to someone who knows
filings; whoever plans with them replaces them by their own (`--habits FILE`, YAML; what a file does
not name keeps its default). What is a *rule* is not here: windows, reminders, rounds and lapses are
those of `filing/`.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from filing.divisions import provinces
from filing.model import Model

LARGEST = 1024 * 1024
"""The largest habits file, in bytes."""
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def _real_day(text: str) -> str:
    if _MONTH_DAY.fullmatch(text):
        try:
            date.fromisoformat(f"2025-{text}")  # no leap year: the day must exist in each
        except ValueError:
            pass
        else:
            return text
    raise PydanticCustomError("month_day", 'must be a day as "06-18", one that each year has')


def _province(name: str) -> str:
    if name not in provinces():
        known = "、".join(provinces())
        raise PydanticCustomError(
            "province", "must be a province with a bureau: {known}", {"known": known}
        )
    return name


Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
MonthDay = Annotated[str, AfterValidator(_real_day)]
ProvinceName = Annotated[str, AfterValidator(_province)]


class Delay(Model):
    """A time that most take about `median` of and few very long: log-normal."""

    median: float = Field(gt=0, le=1000, allow_inf_nan=False)
    spread: float = Field(default=0.6, ge=0, le=3, allow_inf_nan=False)
    """Standard deviation of its logarithm: at 0.6, one in six takes longer than 1.8 medians."""


class Rush(Model):
    """Days of the year on which more filings start."""

    first: MonthDay
    last: MonthDay
    factor: Factor


class Arrivals(Model):
    """When filings start. All factors are relative to an ordinary working day."""

    day_off: Factor = 0.12
    """On weekends and holidays."""
    before_break: tuple[Factor, ...] = (1.4, 1.2)
    """On the last working day before a break, the one before it, … ("file it before the holiday")."""
    after_break: tuple[Factor, ...] = (2.0, 1.6, 1.3)
    """On the first working day after a break, the second, …"""
    break_days: int = Field(default=3, ge=2, le=10)
    """From how many days off in a row a weekend is a break."""
    rushes: tuple[Rush, ...] = (
        Rush(first="05-25", last="06-12", factor=1.25),
        Rush(first="10-15", last="11-05", factor=1.3),
    )
    """By default ahead of the shopping festivals of 18 June and 11 November."""
    hours: tuple[Factor, ...] = (
        *(0.1, 0.05, 0.02, 0.02, 0.02, 0.05, 0.2, 0.5, 1.5, 5, 7, 6),
        *(2.5, 3, 6, 7, 6.5, 5, 2, 1.5, 1.5, 1.2, 0.8, 0.3),
    )
    """Weight of each hour of the day, China time."""

    @model_validator(mode="after")
    def _whole_day(self) -> Self:
        if len(self.hours) != 24 or not sum(self.hours):
            raise PydanticCustomError("day", "hours: 24 weights, one for each hour, not all 0")
        return self


class Reviewing(Model):
    """The platform's own reviewers: one queue, first come, first served."""

    count: int | None = Field(default=None, ge=1, le=100_000)
    """How many; none: as many as are busy for `utilisation` of an average day."""
    utilisation: float = Field(default=0.85, gt=0, le=1)
    hours: tuple[tuple[float, float], ...] = ((9, 12), (13.5, 18))
    """When they work on working days, in hours (13.5 is 13:30)."""
    minutes: float = Field(default=12, ge=0.5, le=480)
    """One review, on average; a reviewer's capacity is 60 divided by it per working hour."""
    minutes_spread: Share = 0.5
    """A review takes from (1 - this) to (1 + this) times the average, evenly."""
    returned_first: Share = 0.22
    """Returned to the applicant at the first review."""
    returned_later: Share = 0.10
    double_click: Share = 0.003
    """Decisions that are sent twice."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        flat = [hour for span in self.hours for hour in span]
        ordered = all(a < b for a, b in pairwise(flat))
        if not (flat and ordered and flat[0] >= 0 and flat[-1] <= 24):
            raise PydanticCustomError(
                "hours", "hours must be spans in order within 0 to 24, as [[9, 12], [13.5, 18]]"
            )
        return self

    @property
    def minutes_a_day(self) -> float:
        """Minutes that one reviewer works on a working day."""
        return sum((end - start) * 60 for start, end in self.hours)


class Applicants(Model):
    """Who files. Corrections come the day after the return at the earliest."""

    corrects: Share = 0.88
    """Of returned filings: corrected. The rest are sent unchanged or never again."""
    sends_unchanged: Share = 0.02
    correction_days: Delay = Delay(median=3, spread=1.0)
    invalid_correction: Share = 0.05
    """Corrections that the checks refuse at first; mended the next day."""
    resubmits_after_sms: Share = 0.90
    """Of filings whose SMS check lapsed: sent again unchanged. The rest never."""
    withdraws: Share = 0.015
    """Ask for their filing back, if it is not too late."""
    withdraws_after_days: float = Field(default=4, gt=0, le=365)
    """On average (exponential)."""
    undeliverable: Share = 0.002
    """Notices that never arrive."""

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.corrects + self.sends_unchanged > 1:
            raise PydanticCustomError(
                "shares", "corrects and sends_unchanged must not add up to more than 1"
            )
        return self


class Principals(Model):
    """The persons in charge, who confirm by SMS within 24 hours."""

    forgets: Share = 0.025
    """Of persons and rounds: never answers."""
    hours: Delay = Delay(median=2, spread=1.0)
    awake: tuple[int, int] = (7, 22)
    """Answers that fall outside of these hours come in the next morning."""
    face_check: Delay | None = None
    """Hours until a face check is passed, of which each round has one; after 24 hours it is begun
    anew. None: nobody has to pass one."""
    one_phone: Share = 0.35
    """Filings whose two principals have one phone, so that one check does."""

    @model_validator(mode="after")
    def _a_day(self) -> Self:
        if not 0 <= self.awake[0] < self.awake[1] <= 24:
            raise PydanticCustomError("awake", "awake must be two hours in order, as [7, 22]")
        return self


class AuthorityHabits(Model):
    """WeChat's filing system: its own check, then on to the bureau."""

    hours: Delay = Delay(median=6, spread=0.9)
    """From our submission to the bureau's receipt, or to the return."""
    returned: Share = 0.04


class Bureau(Model):
    """A province's bureau. Its working days are counted as the window's are."""

    name: ProvinceName
    share: float = Field(gt=0, le=1_000_000)
    """Weight among all filings."""
    days: Delay = Delay(median=9, spread=0.4)
    returned: Share = 0.07
    rejected: Share = 0.004


class Outage(Model):
    """A bureau's system is down: operations put its filings on hold, and let them go on after."""

    province: ProvinceName
    first: MonthDay
    """Or the next working day."""
    working_days: int = Field(default=5, ge=1, le=60)


def _bureau(name: str, share: float, median: float, spread: float = 0.4) -> Bureau:
    return Bureau(name=name, share=share, days=Delay(median=median, spread=spread))


class Habits(Model):
    """All habits of a simulated year."""

    arrivals: Arrivals = Arrivals()
    reviewers: Reviewing = Reviewing()
    applicants: Applicants = Applicants()
    principals: Principals = Principals()
    authority: AuthorityHabits = AuthorityHabits()
    bureaus: tuple[Bureau, ...] = (
        _bureau("广东省", 20, 8),
        _bureau("浙江省", 13, 7),
        _bureau("江苏省", 12, 8),
        _bureau("北京市", 11, 12, 0.3),
        _bureau("上海市", 9, 10),
        _bureau("山东省", 9, 9),
        _bureau("四川省", 8, 10),
        _bureau("河南省", 7, 11),
        _bureau("湖北省", 6, 9),
        _bureau("福建省", 5, 6),
    )
    outage: Outage | None = Outage(province="江苏省", first="09-07")
    """One bureau's outage; null: none."""

    @model_validator(mode="after")
    def _bureaus_once(self) -> Self:
        names = [bureau.name for bureau in self.bureaus]
        if not names or len(set(names)) < len(names):
            raise PydanticCustomError("bureaus", "bureaus: at least one, each province once only")
        if self.outage and self.outage.province not in names:
            raise PydanticCustomError(
                "outage", "outage.province must be among the bureaus; outage: null is none"
            )
        return self


class WrongHabits(Exception):
    """A habits file that cannot be used; the text says where and why, a line for each fault."""


def load_habits(path: str) -> Habits:
    """The habits of a YAML file, over the defaults. Raises `WrongHabits`."""
    try:
        data = yaml.safe_load(_text(path))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise WrongHabits(f"{path}{where}: not YAML ({error.problem or 'syntax'})") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise WrongHabits(f"{path}: not readable as YAML") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise WrongHabits(f"{path}: must hold keys such as {', '.join(Habits.model_fields)}")
    try:
        return Habits.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise WrongHabits("\n".join(f"{path}: {_fault(one)}" for one in faults[:20])) from None


def _text(path: str) -> str:
    file = Path(path)
    try:
        if not file.is_file():
            raise WrongHabits(f"{path}: no such file")
        if file.stat().st_size > LARGEST:
            raise WrongHabits(f"{path}: larger than 1 MB, so no habits file")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise WrongHabits(f"{path}: not UTF-8") from None
    except (OSError, ValueError) as error:
        raise WrongHabits(f"{path}: cannot be read ({type(error).__name__})") from None


def _fault(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = ", ".join(_keys_at(error["loc"][:-1]))
        return f"{where}: no such habit; here are {known}"
    message = error["msg"].removeprefix("Input should be ")
    return f"{where}: {message}" if where else message


def _keys_at(loc: tuple[int | str, ...]) -> Iterator[str]:
    model: Any = Habits
    for part in loc:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    yield from model.model_fields


def _model_in(annotation: Any) -> Any:
    """The model that an annotation names, as `Bureau` in `tuple[Bureau, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if inner is not Ellipsis and inner is not type(None):
            return _model_in(inner)
    raise AssertionError(annotation)
