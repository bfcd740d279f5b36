"""The listing rule on the edges of its dates."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filing.listing import (
    AFTER,
    ListingRule,
    MiniProgramFacts,
    NumberHeld,
    Standing,
    Verdict,
    judge,
    listing_rule,
    step_due,
)
from filing.model import CHINA
from filing.notices import Audience, NoticePurpose
from filing.sweep import Known, OpenFiling, notices_due
from filing.vocabulary import Kind
from filing.workdays import ONE_DAY

RULE = listing_rule()
NUMBER = "苏ICP备2026000001号-1X"
LONG_LISTED = date(2022, 5, 1)


def on(day: str, listed: date | None = LONG_LISTED, *filings: NumberHeld) -> Verdict:
    facts = MiniProgramFacts(listed_since=listed, filings=filings)
    return judge(facts, date.fromisoformat(day), RULE)


def filed(since: str, until: str | None = None, number: str = NUMBER) -> NumberHeld:
    return NumberHeld(
        number=number,
        filed_on=date.fromisoformat(since),
        ended_on=date.fromisoformat(until) if until else None,
    )


@pytest.mark.parametrize(
    ("day", "standing"),
    [
        ("2023-08-31", Standing.EXEMPT),
        ("2023-09-01", Standing.NOT_ALLOWED),
        ("2024-03-31", Standing.NOT_ALLOWED),
        ("2026-11-24", Standing.NOT_ALLOWED),
    ],
)
def test_an_unlisted_one_needs_a_number_from_september(day: str, standing: Standing) -> None:
    verdict = on(day, None)
    assert verdict.standing is standing
    assert verdict.clear_out_from is None
    assert step_due(verdict, RULE) is None
    assert on(day, None, filed("2023-08-01")).standing is Standing.ALLOWED


@pytest.mark.parametrize(
    ("day", "standing"),
    [
        ("2023-08-31", Standing.MAY_STAY),
        ("2023-09-01", Standing.MAY_STAY),
        ("2024-03-30", Standing.MAY_STAY),
        ("2024-03-31", Standing.MAY_STAY),
        ("2024-04-01", Standing.CLEAR_OUT),
        ("2026-11-24", Standing.CLEAR_OUT),
    ],
)
@pytest.mark.parametrize("listed", ["2022-05-01", "2023-08-31"])
def test_one_listed_before_may_stay_until_the_end_of_march(
    day: str, standing: Standing, listed: str
) -> None:
    verdict = on(day, date.fromisoformat(listed))
    assert (verdict.standing, verdict.clear_out_from) == (standing, date(2024, 4, 1))
    assert verdict.may_stay_until == date(2024, 3, 31)
    assert verdict.standing.allowed is (standing is Standing.MAY_STAY)


@pytest.mark.parametrize(
    ("listed", "day", "standing", "since"),
    [
        ("2023-09-01", "2023-09-01", Standing.NOT_ALLOWED, date(2024, 4, 1)),
        ("2023-09-01", "2024-03-31", Standing.NOT_ALLOWED, date(2024, 4, 1)),
        ("2023-09-01", "2024-04-01", Standing.CLEAR_OUT, date(2024, 4, 1)),
        ("2025-07-01", "2025-07-01", Standing.CLEAR_OUT, date(2025, 7, 1)),
        # On the day before it was listed it was not.
        ("2025-07-01", "2025-06-30", Standing.NOT_ALLOWED, None),
    ],
)
def test_one_listed_against_the_rule_has_no_time_to_stay(
    listed: str, day: str, standing: Standing, since: date | None
) -> None:
    verdict = on(day, date.fromisoformat(listed))
    assert (verdict.standing, verdict.clear_out_from) == (standing, since)


@pytest.mark.parametrize(
    ("day", "standing"),
    [
        ("2024-04-30", Standing.CLEAR_OUT),
        ("2024-05-01", Standing.ALLOWED),
        ("2026-01-09", Standing.ALLOWED),
        ("2026-01-10", Standing.CLEAR_OUT),
        ("2026-02-28", Standing.CLEAR_OUT),
        ("2026-03-01", Standing.ALLOWED),
    ],
)
def test_a_number_holds_from_its_day_until_its_cancellation(day: str, standing: Standing) -> None:
    numbers = (
        filed("2024-05-01", "2026-01-10"),
        filed("2026-03-01", number="苏ICP备2026000001号-2X"),
    )
    for filings in (numbers, numbers[::-1]):
        assert on(day, LONG_LISTED, *filings).standing is standing


def test_a_cancelled_one_is_under_the_rule_anew_from_that_day_on() -> None:
    once = filed("2023-10-01", "2026-01-10")
    verdict = on("2026-01-10", LONG_LISTED, once)
    assert verdict.clear_out_from == date(2026, 1, 10)
    assert verdict.sentence == f"备案号{NUMBER}已于2026年1月10日注销,自2026年1月10日起列入清退"
    access = once.model_copy(update={"ended_by": "access_cancelled"})
    assert "取消接入" in on("2026-01-11", LONG_LISTED, access).sentence
    # Cancelled while listed ones could still stay: as if it had never had one.
    early = filed("2023-10-01", "2024-01-15")
    assert on("2024-01-14", LONG_LISTED, early).standing is Standing.ALLOWED
    assert on("2024-01-15", LONG_LISTED, early).standing is Standing.MAY_STAY
    assert on("2024-01-15", LONG_LISTED, early).clear_out_from == date(2024, 4, 1)
    # The last cancellation counts.
    again = filed("2026-03-01", "2026-08-01")
    assert on("2026-08-01", LONG_LISTED, once, again).clear_out_from == date(2026, 8, 1)
    # Unlisted ones are not cleared out, and may not be listed.
    assert on("2026-01-10", None, once).standing is Standing.NOT_ALLOWED
    assert on("2026-01-10", None, once).clear_out_from is None


def test_a_number_that_ended_on_its_day_never_held() -> None:
    assert on("2026-01-10", None, filed("2026-01-10", "2026-01-10")).filing_number is None


@pytest.mark.parametrize(
    ("day", "step"),
    [
        ("2023-12-31", None),
        ("2024-02-29", None),
        ("2024-03-01", 30),
        ("2024-03-02", 30),
        ("2024-03-23", 30),
        ("2024-03-24", 7),
        ("2024-03-29", 7),
        ("2024-03-30", 1),
        ("2024-03-31", 1),
        ("2024-04-01", AFTER),
        ("2024-04-02", AFTER),
        ("2026-11-24", AFTER),
    ],
)
def test_owners_are_told_30_7_and_1_days_before_and_after(day: str, step: int | None) -> None:
    assert step_due(on(day), RULE) == step
    assert step_due(on(day, LONG_LISTED, filed("2023-10-01")), RULE) is None


def test_the_days_are_those_of_china() -> None:
    """The last instant of 31 March and the first of 1 April there are both 31 March in UTC."""
    for instant, standing in (
        (datetime(2024, 3, 31, 15, 59, 59, tzinfo=UTC), Standing.MAY_STAY),
        (datetime(2024, 3, 31, 16, 0, tzinfo=UTC), Standing.CLEAR_OUT),
    ):
        day = instant.astimezone(CHINA).date()
        assert on(day.isoformat()).standing is standing


@given(
    day=st.dates(date(2016, 1, 1), date(2030, 1, 1)),
    listed=st.none() | st.dates(date(2016, 1, 1), date(2030, 1, 1)),
    filings=st.lists(
        st.builds(
            lambda start, held: NumberHeld(
                number=NUMBER,
                filed_on=start,
                ended_on=None if held is None else start + timedelta(days=held),
            ),
            st.dates(date(2023, 9, 1), date(2030, 1, 1)),
            st.none() | st.integers(0, 900),
        ),
        max_size=3,
    ),
)
def test_every_verdict_hangs_together(
    day: date, listed: date | None, filings: list[NumberHeld]
) -> None:
    facts = MiniProgramFacts(listed_since=listed, filings=tuple(filings))
    verdict = judge(facts, day, RULE)
    assert verdict.marked == (verdict.clear_out_from is not None and day >= verdict.clear_out_from)
    assert (verdict.filing_number is not None) == (verdict.standing is Standing.ALLOWED)
    if verdict.clear_out_from is not None:
        assert listed is not None
        assert listed <= day
        assert verdict.filing_number is None
        # Nothing happens between: until the next filing or cancellation the day stays the same.
        tomorrow = judge(facts, day + ONE_DAY, RULE)
        changes = [f.filed_on for f in filings] + [f.ended_on for f in filings]
        if day + ONE_DAY not in changes:
            assert tomorrow.clear_out_from == verdict.clear_out_from
    else:
        assert step_due(verdict, RULE) is None


def known(*filings: NumberHeld, open_filing: OpenFiling | None = None) -> Known:
    return Known(
        appid="wx1a2b3c4d5e6f7a8b",
        name="昆山示例商城",
        contact="ops@example.com",
        facts=MiniProgramFacts(listed_since=LONG_LISTED, filings=filings),
        open_filing=open_filing,
    )


OPEN = OpenFiling(
    uid="u-1",
    filing_id="filing-wx1a2b3c4d5e6f7a8b",
    kind=Kind.NEW,
    status="bureau_review",
    status_label="管局审核",
)


def test_notices_are_named_by_mini_program_clear_out_and_step() -> None:
    [ahead] = notices_due(known(open_filing=OPEN), on("2024-03-24"), RULE)
    assert (ahead.uid, ahead.sequence) == ("listing-wx1a2b3c4d5e6f7a8b-2024-04-01", 7)
    assert (ahead.purpose, ahead.audience) == (NoticePurpose.LISTING_ENDS, Audience.APPLICANT)
    assert ahead.email == "ops@example.com"
    assert ahead.due == "2024-03-31 24:00"
    [after] = notices_due(known(), on("2024-04-01"), RULE)
    assert (after.uid, after.sequence) == (ahead.uid, AFTER)
    assert after.purpose is NoticePurpose.CLEAR_OUT
    # The rule applies anew from a cancellation on, and so do its notices.
    cancelled = filed("2024-05-01", "2026-01-10")
    [anew] = notices_due(known(cancelled), on("2026-02-01", LONG_LISTED, cancelled), RULE)
    assert (anew.uid, anew.sequence) == ("listing-wx1a2b3c4d5e6f7a8b-2026-01-10", AFTER)
    assert notices_due(known(), on("2024-02-01"), RULE) == ()


def test_an_open_filing_of_a_marked_one_is_told_to_operations() -> None:
    owner, operations = notices_due(known(open_filing=OPEN), on("2024-04-01"), RULE)
    assert owner.audience is Audience.APPLICANT
    assert (operations.uid, operations.filing_id) == ("u-1", OPEN.filing_id)
    assert (operations.audience, operations.email) == (Audience.OPERATIONS, None)


def test_the_dates_are_data_with_source_and_mark() -> None:
    assert RULE.number_required.date == date(2023, 9, 1)
    assert RULE.listed_until.date == date(2024, 3, 31)
    assert RULE.cleared_from.date == date(2024, 4, 1)
    for one in (RULE.number_required, RULE.listed_until, RULE.cleared_from):
        assert one.source
        assert one.statement
    data = RULE.model_dump(mode="json")
    moved = data["cleared_from"] | {"date": "2024-07-01"}
    later = ListingRule.model_validate(data | {"cleared_from": moved})
    facts = MiniProgramFacts(listed_since=LONG_LISTED)
    for day, standing in (
        (date(2024, 3, 31), Standing.MAY_STAY),
        (date(2024, 4, 1), Standing.NOT_ALLOWED),
        (date(2024, 6, 30), Standing.NOT_ALLOWED),
        (date(2024, 7, 1), Standing.CLEAR_OUT),
    ):
        assert judge(facts, day, later).standing is standing


@pytest.mark.parametrize(
    "wrong",
    [
        {"cleared_from": {"date": "2024-03-31"}},
        {"number_required": {"date": "2024-04-01"}},
        {"number_required": {"mark": "S"}},
        {"cleared_from": {"mark": "UNVERIFIED"}},
        {"told_days_before": []},
        {"told_days_before": [0]},
    ],
)
def test_data_that_cannot_be_the_rule_is_refused(wrong: dict[str, object]) -> None:
    data = RULE.model_dump(mode="json")
    for key, change in wrong.items():
        data[key] = data[key] | change if isinstance(change, dict) else change
    with pytest.raises(ValidationError):
        ListingRule.model_validate(data)
