"""The duty to show a number: every event in every state, without a server."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filing.display import (
    DISPLAY_EXAMPLES,
    DISPLAY_SHAPES,
    QUERY_SITE,
    DisplayEvent,
    DisplayState,
    DisplayStatus,
    DisplayStep,
    Duty,
    aftermath_of,
    begin_display,
    display_id,
    display_transition,
    how_to_show,
    parse_duty,
    plan,
)
from filing.display_view import display_answer, display_details, display_summary, told_of_display
from filing.notices import Audience, NoticePurpose
from filing.process.events import CancelRequested, Clock, Message, Undelivered
from filing.process.messages import Malformed, read
from filing.process.state import REFUSALS_KEPT, State
from filing.vocabulary import CANCELLATIONS, CHANGES, Kind, Status
from filing.windows import Arrangement
from tests.filing.process_play import ACT, FREE, GRANT, Play, china, to_send

SUBJECT = FREE.rsplit("-", 1)[0]

WEEKENDS_ONLY = Arrangement(
    version="test",
    holidays=frozenset(),
    working_weekends=frozenset(),
    published_years=frozenset({2026, 2027}),
)
GRANTED = china(11, 24, 15, 30)
"""A Tuesday."""
EMAIL = "ops@example.com"
DUTY = Duty(
    number=FREE,
    uid="uid-1",
    filing_id="filing-wx1a2b3c4d5e6f7a8b",
    appid="wx1a2b3c4d5e6f7a8b",
    mini_program="昆山示例商城",
    province="江苏省",
    email=EMAIL,
    approved_at=GRANTED,
)


class Display:
    """A display that is played, and all that it told."""

    def __init__(self, arrangement: Arrangement = WEEKENDS_ONLY) -> None:
        self.told: list[tuple[str, str]] = []
        self.state = DisplayState(duty=DUTY, started_at=GRANTED, plan=plan(GRANTED, 0, arrangement))
        self._take(begin_display(DUTY, self.state.plan, GRANTED))
        self.at = GRANTED

    def _take(self, step: DisplayStep) -> DisplayStep:
        self.state = step.state
        self.told += [(e.notice.purpose.value, e.notice.audience.value) for e in step.effects]
        return step

    def do(self, event: DisplayEvent) -> DisplayStep:
        return self._take(display_transition(self.state, event))

    def send(self, name: str, *args: Any) -> DisplayStep:
        return self.do(Message(name=name, args=args, at=self.at))

    def wait(self, until: datetime) -> None:
        """The clock strikes whenever it matters, up to and including that instant."""
        while not self.state.status.final and self.state.next_instant <= until:
            self.at = self.state.next_instant
            self.do(Clock(at=self.at))
        self.at = until


# --- what is to be shown, and whose duty it is ---


def test_how_to_show_names_the_number_the_link_and_the_mark_as_advice() -> None:
    place, link, mark = how_to_show(FREE)
    assert "首页底部的中央" in place
    assert FREE in place
    assert QUERY_SITE == "https://beian.miit.gov.cn/"
    assert QUERY_SITE in link
    assert mark.startswith("建议")
    assert "备案电子验证标识" in mark
    assert "为网站而定" in mark


def test_a_new_filing_that_was_approved_leaves_the_duty() -> None:
    play = Play.begin().reach(Status.BUREAU_REVIEW)
    assert aftermath_of(play.state) is None
    play.send("bureau_decision", GRANT)
    aftermath = aftermath_of(play.state)
    assert aftermath is not None
    assert aftermath.ends is None
    duty = aftermath.begins
    assert duty is not None
    assert (duty.number, duty.uid, duty.approved_at) == (
        play.state.filing_number,
        play.state.uid,
        play.state.entered_at,
    )
    assert parse_duty((duty.model_dump(mode="json"),)) == duty


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_a_change_leaves_none(kind: Kind) -> None:
    assert aftermath_of(ended(kind)) is None


@pytest.mark.parametrize("kind", sorted(CANCELLATIONS))
def test_a_cancellation_ends_what_is_no_longer_in_force(kind: Kind) -> None:
    aftermath = aftermath_of(ended(kind))
    assert aftermath is not None
    assert aftermath.begins is None
    assert aftermath.ends == (SUBJECT if kind is Kind.CANCEL_SUBJECT else FREE)
    assert aftermath.note


def ended(kind: Kind) -> State:
    state = Play.begin(changes={"kind": kind.value}).state
    return state.model_copy(
        update={"status": Status.APPROVED, "filing_number": FREE, "subject_number": SUBJECT}
    )


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.APPROVED}))
def test_what_was_not_approved_leaves_none(status: Status) -> None:
    state = Play.begin().state
    assert aftermath_of(state.model_copy(update={"status": status, "filing_number": FREE})) is None


@pytest.mark.parametrize(
    ("args", "wrong"),
    [
        ((), "one_argument"),
        ((1, 2), "one_argument"),
        ((None,), "model"),
        (({},), "number: missing"),
        (({**DUTY.model_dump(mode="json"), "number": ""},), "number: string_too_short"),
        (({**DUTY.model_dump(mode="json"), "13800000001": 1},), "(argument): extra_forbidden"),
        (({**DUTY.model_dump(mode="json"), "approved_at": "2026-11-24"},), "approved_at: "),
        ((object(),), "not_json"),
    ],
)
def test_nonsense_is_named_by_path_and_code_only(args: tuple[Any, ...], wrong: str) -> None:
    told = parse_duty(args)
    assert isinstance(told, str)
    assert wrong in told
    assert "13800000001" not in told


# --- when ---


def test_reminders_on_the_7th_and_14th_day_at_nine_and_thirty_days_more() -> None:
    planned = plan(GRANTED, 90, WEEKENDS_ONLY)
    assert [(a.label, a.at) for a in planned.alarms] == [
        ("day_7", china(12, 1, 9) + timedelta(seconds=90)),
        ("day_14", china(12, 8, 9) + timedelta(seconds=90)),
    ]
    assert planned.ends_at == china(1, 8, year=2027)
    assert planned.calendar == "test"


def test_a_reminder_on_no_working_day_goes_out_on_the_next() -> None:
    saturday = china(11, 21, 10)
    assert [a.at for a in plan(saturday, 0, WEEKENDS_ONLY).alarms] == [
        china(11, 30, 9),
        china(12, 7, 9),
    ]
    holidays = frozenset(date(2026, 12, day) for day in range(1, 9))
    long = WEEKENDS_ONLY.model_copy(update={"holidays": holidays})
    [alarm] = plan(GRANTED, 0, long).alarms
    assert (alarm.label, alarm.at) == ("day_14", china(12, 9, 9))


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        plan(datetime(2026, 11, 24), 0, WEEKENDS_ONLY)  # noqa: DTZ001


# --- what happens ---


def test_displayed_at_once() -> None:
    display = Display()
    display.at += timedelta(hours=1)
    step = display.send("displayed", {"by": "li.na", "note": "首页底部"})
    assert step.refusal is None
    state = display.state
    assert (state.status, state.displayed_at, state.by) == (
        DisplayStatus.DISPLAYED,
        display.at,
        "li.na",
    )
    assert state.timeline[-1].note == "已在小程序展示备案号:首页底部"
    display.wait(GRANTED + timedelta(days=90))
    assert display.told == []


def test_reminded_twice_then_operations_are_told_then_displayed() -> None:
    display = Display()
    display.wait(china(12, 1, 8, 59))
    assert display.told == []
    display.wait(china(12, 1, 9))
    assert display.told == [("display_reminder", "applicant")]
    display.wait(china(12, 8, 9))
    assert display.told[1:] == [("display_reminder", "applicant"), ("display_unseen", "operations")]
    display.wait(china(1, 7, 23, year=2027))
    assert len(display.told) == 3
    assert not display.state.status.final
    display.send("displayed", {"by": "li.na"})
    assert display.state.status is DisplayStatus.DISPLAYED


def test_nobody_ever_shows_it() -> None:
    display = Display()
    display.wait(GRANTED + timedelta(days=90))
    assert display.state.status is DisplayStatus.NOT_SHOWN
    assert display.state.ended_at == china(1, 8, year=2027)
    assert display.state.displayed_at is None
    assert len(display.told) == 3


def test_two_reminders_on_one_day_are_told_once_with_operations() -> None:
    holidays = frozenset(date(2026, 12, day) for day in range(1, 9))
    display = Display(WEEKENDS_ONLY.model_copy(update={"holidays": holidays}))
    display.wait(china(12, 9, 9))
    assert display.told == [("display_reminder", "applicant"), ("display_unseen", "operations")]


def test_a_clock_that_comes_late_reminds_once_of_all() -> None:
    display = Display()
    display.do(Clock(at=china(12, 20)))
    assert display.told == [("display_reminder", "applicant"), ("display_unseen", "operations")]
    before = display.state
    display.do(Clock(at=china(12, 20)))
    assert display.state == before


def test_a_cancelled_number_needs_no_display() -> None:
    display = Display()
    display.send("number_cancelled", {"by": "filing-wx2", "note": "小程序已注销备案"})
    assert display.state.status is DisplayStatus.CANCELLED
    assert display.state.displayed_at is None
    late = display.send("displayed", {"by": "li.na"})
    assert late.refusal is not None
    assert late.refusal.code == "final"
    assert display.state.status is DisplayStatus.CANCELLED


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2026-11-25T10:00:00+08:00", china(11, 25, 10)),
        ("2026-11-24T00:00:00+08:00", china(11, 24)),  # the day is known, the hour is not
        ("2026-11-24T18:00:00Z", china(11, 25, 2)),
        ("2030-01-01T00:00:00+08:00", china(12, 1, 9)),  # not yet: its arrival
        (None, china(12, 1, 9)),
    ],
)
def test_since_when_it_is_shown(at: str | None, counts: datetime) -> None:
    display = Display()
    display.wait(china(12, 1, 9))
    assert display.send("displayed", {"by": "li.na", "at": at}).refusal is None
    assert display.state.displayed_at == counts


def test_before_it_was_granted_it_cannot_have_been_shown() -> None:
    display = Display()
    step = display.send("displayed", {"by": "li.na", "at": "2026-11-23T23:59:00+08:00"})
    assert step.refusal is not None
    assert (step.refusal.code, step.refusal.by) == ("before_approval", "li.na")
    assert "2026-11-24" in step.refusal.explanation
    assert display.state.status is DisplayStatus.WAITING


NONSENSE: list[tuple[str, tuple[Any, ...], str]] = [
    ("displayed", (), "wrong_argument_count"),
    ("displayed", ({"by": "a"}, {"by": "b"}), "wrong_argument_count"),
    ("displayed", (None,), "not_an_object"),
    ("displayed", ("li.na",), "not_an_object"),
    ("displayed", ([{"by": "li.na"}],), "not_an_object"),
    ("displayed", ({},), "malformed"),
    ("displayed", ({"by": ""},), "malformed"),
    ("displayed", ({"by": "li.na", "at": "yesterday"},), "malformed"),
    ("displayed", ({"by": "li.na", "at": "2026-12-01T10:00:00"},), "malformed"),
    ("displayed", ({"by": "li.na", "110101199003077777": 1},), "malformed"),
    ("displayed", ({"undecodable_payload": True},), "undecodable_payload"),
    ("number_cancelled", ({"note": "x"},), "malformed"),
    ("shown", ({"by": "li.na"},), "unknown_message"),
    ("platform_decision", ({"outcome": "approve", "reviewer": "a"},), "unknown_message"),
]


@pytest.mark.parametrize(("name", "args", "code"), NONSENSE)
def test_nonsense_is_a_refusal_on_record_that_says_what_is_right(
    name: str, args: tuple[Any, ...], code: str
) -> None:
    display = Display()
    before = display.state
    step = display.send(name, *args)
    assert step.refusal is not None
    assert step.refusal.code == code
    right = DISPLAY_EXAMPLES.get(name, "displayed")
    assert right in step.refusal.explanation
    details = display_details(display.state)
    assert "共 1 条" in details
    assert "110101199003077777" not in details
    recorded = {"refused", "refused_count", "sequence"}
    assert display.state.model_dump(exclude=recorded) == before.model_dump(exclude=recorded)
    assert display.state.sequence == before.sequence + 1
    assert display.send("displayed", {"by": "li.na"}).refusal is None


def test_the_last_refusals_are_kept_and_all_are_counted() -> None:
    display = Display()
    for _ in range(REFUSALS_KEPT + 10):
        display.send("displayed")
    assert len(display.state.refused) == REFUSALS_KEPT
    assert display.state.refused_count == REFUSALS_KEPT + 10


def test_a_cancel_request_does_not_end_the_duty() -> None:
    display = Display()
    step = display.do(CancelRequested(at=display.at))
    assert step.refusal is not None
    assert "number_cancelled" in step.refusal.explanation
    assert display.state.status is DisplayStatus.WAITING


def test_a_reminder_that_never_arrived_is_handed_to_operations() -> None:
    display = Display()
    display.wait(china(12, 1, 8))
    display.at = display.state.next_instant
    [tell] = display.do(Clock(at=display.at)).effects
    step = display.do(Undelivered(notice=tell.notice, at=display.at + timedelta(days=1)))
    [handed] = step.effects
    assert (handed.notice.purpose, handed.notice.audience) == (
        NoticePurpose.DISPLAY_UNSEEN,
        Audience.OPERATIONS,
    )
    assert "其他方式" in (handed.notice.note or "")
    # And where that did not arrive either, nobody is left to be told.
    assert display.do(Undelivered(notice=handed.notice, at=display.at)).effects == ()


def test_only_the_applicant_is_written_to_by_the_contact_and_each_notice_has_a_name() -> None:
    display = Display()
    names = set()
    notices = []
    while not display.state.status.final:
        display.at = display.state.next_instant
        notices += [e.notice for e in display.do(Clock(at=display.at)).effects]
    for notice in notices:
        names.add((notice.uid, notice.sequence, notice.purpose, notice.audience))
        assert notice.number == FREE
        assert notice.email == (EMAIL if notice.audience is Audience.APPLICANT else None)
    assert len(names) == len(notices) == 3


# --- how it is shown ---


def test_the_details_say_what_to_show_and_what_to_send_and_hold_no_address() -> None:
    display = Display()
    details = display_details(display.state)
    for sentence in how_to_show(FREE):
        assert sentence in details
    assert to_send(details) == [json.loads(DISPLAY_EXAMPLES["displayed"])]
    assert "- **等待至**:2027-01-07 24:00" in details
    summary = display_summary(DUTY)
    assert FREE in summary
    assert QUERY_SITE in summary
    assert len(summary.encode()) < 400
    assert EMAIL not in details + summary + json.dumps(
        display_answer(display.state).model_dump(mode="json")
    )
    display.send("displayed", {"by": "li.na"})
    ended = display_details(display.state)
    assert "怎样展示" not in ended
    assert "- **展示时间**:2026-11-24 15:30" in ended


def test_one_line_for_whoever_looks_at_the_filing() -> None:
    display = Display()
    lines = [told_of_display(display_answer(display.state))]
    display.wait(china(12, 1, 9))
    lines.append(told_of_display(display_answer(display.state)))
    display.send("displayed", {"by": "li.na"})
    lines.append(told_of_display(display_answer(display.state)))
    assert lines == ["待展示", "待展示(已提醒 1 次)", "已于 2026-12-01 展示(li.na)"]


def test_every_example_is_a_right_message() -> None:
    assert DISPLAY_EXAMPLES.keys() == DISPLAY_SHAPES.keys()
    for name, example in DISPLAY_EXAMPLES.items():
        message = read(name, (json.loads(example),), DISPLAY_SHAPES, DISPLAY_EXAMPLES)
        assert not isinstance(message, Malformed)
    assert display_id(FREE) == f"display-{FREE}"


# --- any order of anything ---

MESSAGES = st.sampled_from(
    [
        ("displayed", ({"by": "li.na"},)),
        ("displayed", ({"by": "li.na", "at": "2026-11-20T00:00:00+08:00"},)),
        ("number_cancelled", ({"by": "ops"},)),
        ("displayed", ()),
        ("nonsense", (1,)),
        ("resume", (ACT,)),
    ]
)


@given(st.lists(st.one_of(MESSAGES, st.integers(1, 30), st.just("cancel")), max_size=12))
def test_nothing_that_ends_begins_again_and_nothing_is_told_twice(
    happenings: list[Any],
) -> None:
    display = Display()
    ended: DisplayState | None = None
    for happening in happenings:
        before = display.state
        match happening:
            case int(days):
                display.wait(display.at + timedelta(days=days))
            case "cancel":
                display.do(CancelRequested(at=display.at))
            case (name, args):
                display.send(name, *args)
        assert display.state.sequence >= before.sequence
        assert display.state.timeline[: len(before.timeline)] == before.timeline
        if ended is not None:
            assert display.state.status is ended.status
            assert display.state.timeline == ended.timeline
        elif display.state.status.final:
            ended = display.state
        assert DisplayState.model_validate_json(display.state.model_dump_json()) == display.state
    assert (
        display.told
        == [
            ("display_reminder", "applicant"),
            ("display_reminder", "applicant"),
            ("display_unseen", "operations"),
        ][: len(display.told)]
    )
