"""The listing rule (上架) and clear-out (清退): may a mini program be listed on a day, and until when.

The dates are data with source and trust mark (`data/listing.yaml`). Everything is counted in whole
days of China: a number holds from the day it was given to the day before it was cancelled. One that
was cancelled (注销, 取消接入) is no number any more, so the rule applies anew from that day on.
"""

from datetime import date
from enum import Enum
from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import Field, field_validator, model_validator

from filing.model import Model
from filing.rules import UNSURE, Mark
from filing.workdays import ONE_DAY


class RuleDate(Model):
    """A date of the rule. These refuse, so no `mark` that may only warn is taken."""

    date: date
    statement: str
    source: str
    mark: Mark

    @field_validator("mark")
    @classmethod
    def _is_sure(cls, mark: Mark) -> Mark:
        if mark in UNSURE:
            raise ValueError(f"what rests on {mark} alone may only warn")
        return mark


class ListingRule(Model):
    """The rule's dates: `number_required` ≤ `listed_until` < `cleared_from`."""

    number_required: RuleDate
    listed_until: RuleDate
    cleared_from: RuleDate
    told_days_before: tuple[int, ...] = Field(min_length=1)
    """Days before the last day on which one may stay; each from 1."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.number_required.date <= self.listed_until.date < self.cleared_from.date:
            raise ValueError(
                "the dates must be in order: number_required, listed_until, cleared_from"
            )
        if min(self.told_days_before) < 1:
            raise ValueError("told_days_before: owners are told at least 1 day before")
        return self


@cache
def listing_rule() -> ListingRule:
    """The rule in force, read on first use. Raises `ValueError` where the file is not right."""
    text = resources.files("filing").joinpath("data/listing.yaml").read_text(encoding="utf-8")
    return ListingRule.model_validate(yaml.safe_load(text))


class NumberHeld(Model):
    """A filing number that a mini program got, and until when it held."""

    number: str
    filed_on: date
    ended_on: date | None = None
    """The day of its cancellation: from it on there is no number."""
    ended_by: Literal["cancelled", "access_cancelled"] = "cancelled"


class MiniProgramFacts(Model):
    """What the rule asks of a mini program. `filings`: every number it has had, in any order."""

    listed_since: date | None
    """None: not listed."""
    filings: tuple[NumberHeld, ...] = ()

    def number_on(self, day: date) -> str | None:
        """The number that holds on a day."""
        for filed in self.filings:
            if filed.filed_on <= day and (filed.ended_on is None or day < filed.ended_on):
                return filed.number
        return None

    def ended_by(self, day: date) -> NumberHeld | None:
        """The last number that was cancelled by that day, that day included."""
        ended = [f for f in self.filings if f.ended_on is not None and f.ended_on <= day]
        return max(ended, key=lambda f: (f.ended_on or f.filed_on, f.filed_on), default=None)


class Standing(str, Enum):
    """What the rule says of a mini program on a day."""

    ALLOWED = "allowed"
    """It has a number: it may be listed."""
    EXEMPT = "exempt"
    """No number is required yet."""
    MAY_STAY = "may_stay"
    """Listed before numbers were required: it may stay for now."""
    NOT_ALLOWED = "not_allowed"
    """It may not be listed without a number; where it is, it will be cleared out."""
    CLEAR_OUT = "clear_out"
    """Listed without a number: marked for clear-out."""

    @property
    def allowed(self) -> bool:
        """Whether it may be, or stay, listed on that day."""
        return self not in (Standing.NOT_ALLOWED, Standing.CLEAR_OUT)


STANDING_LABELS = {
    Standing.ALLOWED: "可以上架",
    Standing.EXEMPT: "尚不要求备案",
    Standing.MAY_STAY: "限期备案",
    Standing.NOT_ALLOWED: "不得上架",
    Standing.CLEAR_OUT: "列入清退",
}


class Verdict(Model):
    """What the rule says of a mini program on a day, in Chinese, and why."""

    day: date
    standing: Standing
    listed_since: date | None
    """None: not listed on that day."""
    filing_number: str | None
    clear_out_from: date | None
    """Of a listed one without a number: the first day of its clear-out, past or ahead."""
    sentence: str
    rule: str
    source: str
    mark: Mark

    @property
    def marked(self) -> bool:
        """Whether its clear-out has begun."""
        return self.standing is Standing.CLEAR_OUT

    @property
    def may_stay_until(self) -> date | None:
        """The last day before the clear-out."""
        return self.clear_out_from - ONE_DAY if self.clear_out_from else None


def judge(facts: MiniProgramFacts, day: date, rule: ListingRule) -> Verdict:
    """What the rule says of the mini program on a day of China, by the facts known of it.

    Sources: as in the rule's data. A day before it was listed is one on which it is not listed.
    """
    number = facts.number_on(day)
    listed = facts.listed_since
    if listed is not None and listed > day:
        listed = None
    clear_out_from = None
    if number:
        standing, by = Standing.ALLOWED, rule.number_required
        sentence = f"已取得备案号{number},可以上架"
    elif listed is None:
        standing, sentence = _unlisted(facts, day, rule)
        by = rule.number_required
    else:
        clear_out_from = _clear_out_from(facts, listed, day, rule)
        standing, sentence, by = _listed(facts, listed, clear_out_from, day, rule)
    return Verdict(
        day=day,
        standing=standing,
        listed_since=listed,
        filing_number=number,
        clear_out_from=clear_out_from,
        sentence=sentence,
        rule=by.statement,
        source=by.source,
        mark=by.mark,
    )


def _unlisted(facts: MiniProgramFacts, day: date, rule: ListingRule) -> tuple[Standing, str]:
    if day < rule.number_required.date:
        required = _day(rule.number_required.date)
        return Standing.EXEMPT, f"{required}前上架尚不要求备案号"
    return Standing.NOT_ALLOWED, f"{_why_none(facts, day)},须先完成备案,取得备案号后方可上架"


def _clear_out_from(facts: MiniProgramFacts, listed: date, day: date, rule: ListingRule) -> date:
    """Nobody is cleared out before the rule's day, before being listed, or while a number held."""
    ended = facts.ended_by(day)
    starts = [rule.cleared_from.date, listed]
    if ended is not None and ended.ended_on is not None:
        starts.append(ended.ended_on)
    return max(starts)


def _listed(
    facts: MiniProgramFacts, listed: date, clear_out_from: date, day: date, rule: ListingRule
) -> tuple[Standing, str, RuleDate]:
    why = _why_none(facts, day)
    if day >= clear_out_from:
        since = _day(clear_out_from)
        return Standing.CLEAR_OUT, f"{why},自{since}起列入清退", rule.cleared_from
    before = listed < rule.number_required.date
    if before and day <= rule.listed_until.date:
        until = _day(rule.listed_until.date)
        return Standing.MAY_STAY, f"{why},可以保留至{until},此前须完成备案", rule.listed_until
    since = _day(clear_out_from)
    sentence = f"{why},不得上架;须立即补办备案,自{since}起将列入清退"
    return Standing.NOT_ALLOWED, sentence, rule.number_required


_ENDED = {"cancelled": "注销", "access_cancelled": "取消接入"}


def _why_none(facts: MiniProgramFacts, day: date) -> str:
    ended = facts.ended_by(day)
    if ended is None or ended.ended_on is None:
        return "尚未取得备案号"
    return f"备案号{ended.number}已于{_day(ended.ended_on)}{_ENDED[ended.ended_by]}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


AFTER = 0
"""The step of the notice that the clear-out has begun."""


def step_due(verdict: Verdict, rule: ListingRule) -> int | None:
    """Which of its notices the owner should have by that day: days before the last one on which it
    may stay, or `AFTER`; None where there is nothing to tell.

    Only the newest is due: who first heard seven days before is not told of thirty.
    """
    last = verdict.may_stay_until
    if last is None:
        return None
    left = (last - verdict.day).days
    if left < 0:
        return AFTER
    return min((step for step in rule.told_days_before if left <= step), default=None)
