"""The contract's words and shapes, letter by letter: scripts and saved queries rely on them."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from filing.authority import Standing
from filing.process.messages import SHAPES, Malformed, read
from filing.process.stages import STAGES
from filing.process.state import REFUSALS_KEPT
from filing.process.turn import status_label
from filing.view import details, search_attributes, status_answer
from filing.vocabulary import FINAL, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    FREE,
    GRANT,
    REASONS,
    START,
    Play,
    application_data,
    china,
)

STATUSES = {
    "platform_review": ("平台初审", "platform"),
    "correction": ("待修改", "applicant"),
    "submission": ("提交管局", "authority"),
    "sms_verification": ("短信核验", "principals"),
    "bureau_review": ("管局审核", "bureau"),
    "approved": ("备案成功", None),
    "rejected": ("审核不通过", None),
    "withdrawn": ("已撤回", None),
    "lapsed": ("已失效", None),
}


def test_there_are_these_statuses_and_the_last_four_are_final() -> None:
    assert [status.value for status in Status if status is not Status.QUEUED] == list(STATUSES)
    assert [status.value for status in Status if status.final] == list(STATUSES)[-4:]
    assert set(STAGES) == set(Status) - FINAL


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_answered_by_its_name_its_label_and_who_is_waited_for(status: str) -> None:
    state = Play.begin().reach(Status(status)).state
    answer = status_answer(state).model_dump(mode="json")
    assert answer["status"] == status
    assert (answer["status_label"], answer["waiting_for"]) == STATUSES[status]
    shown = search_attributes(state)
    assert (shown["FilingStatus"], shown["WaitingFor"]) == (status, STATUSES[status][1])


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("new", "备案成功"),
        ("change_subject", "变更成功"),
        ("change_mini_program", "变更成功"),
        ("cancel_subject", "注销成功"),
        ("cancel_mini_program", "注销成功"),
        ("cancel_access", "注销成功"),
    ],
)
def test_what_went_through_is_approved_under_the_name_of_its_kind(kind: str, label: str) -> None:
    state = Play.begin(changes={"kind": kind}).state
    assert status_label(state.model_copy(update={"status": Status.APPROVED})) == label
    for status in set(Status) - {Status.APPROVED, Status.QUEUED}:
        other = state.model_copy(update={"status": status})
        assert status_label(other) == STATUSES[status.value][0]


# --- messages ---

AT = "2026-11-24T09:00:00+08:00"
RIGHT: list[tuple[str, dict[str, Any], set[str]]] = [
    ("platform_decision", {"outcome": "approve", "reviewer": "li.na"}, {"outcome", "reviewer"}),
    ("bureau_decision", {"outcome": "reject", "reviewer": "a", "reasons": REASONS}, {"reviewer"}),
    (
        "platform_decision",
        {
            "outcome": "return",
            "reviewer": "li.na",
            "round": 1,
            "decision_id": "d-17",
            "reasons": [
                {
                    "field": "subject.certificate.number",
                    "reason": "证件号码与照片不一致",
                    "suggestion": "请核对后重新填写",
                }
            ],
        },
        {"reviewer"},
    ),
    (
        "bureau_decision",
        {"outcome": "approve", "reviewer": "苏通管局", "filing_number": FREE},
        {"reviewer"},
    ),
    ("decide", {"stage": "platform_review", "round": 1, "decision": APPROVE}, {"stage"}),
    (
        "sms_verified",
        {"person": "subject_principal", "source": "ops", "round": 1, "at": AT},
        {"person", "source"},
    ),
    ("sms_verified", {"person": "mini_program_principal", "source": "ops"}, set()),
    ("amend", {"application": application_data(), "by": "wang.fang"}, {"application", "by"}),
    *[(name, ACT, {"by"}) for name in ("resubmit", "withdraw", "hold", "resume")],
    *[
        (
            "authority_event",
            {"source": "hook", "event_id": "e-1", "kind": kind}
            | ({"at": AT, "number": FREE, "reasons": REASONS} if kind == "returned" else {}),
            {"source", "event_id", "kind"},
        )
        for kind in ("received", "returned", "approved", "sms", "changed")
    ],
    ("calendar_changed", {"years": [2026, 2027]}, {"years"}),
]


@pytest.mark.parametrize(("name", "payload", "required"), RIGHT)
def test_a_message_of_the_contract_is_read_and_none_of_its_required_keys_may_lack(
    name: str, payload: dict[str, Any], required: set[str]
) -> None:
    message = read(name, (payload,))
    assert not isinstance(message, Malformed), message
    assert message.model_fields_set == payload.keys()
    for key in required:
        lacking = {k: v for k, v in payload.items() if k != key}
        assert isinstance(read(name, (lacking,)), Malformed), key


def test_there_are_these_messages() -> None:
    assert set(SHAPES) == {name for name, _, _ in RIGHT}


def test_the_three_examples_of_the_contract_do_what_they_say() -> None:
    approve, send_back, grant = (RIGHT[index][1] for index in (0, 2, 3))
    play = Play.begin()
    play.send("platform_decision", send_back)
    assert play.waits_in(Status.CORRECTION)
    assert [r.model_dump() for r in play.state.reasons] == send_back["reasons"]
    play.send("resubmit", ACT)
    play.send("platform_decision", approve)
    assert play.waits_in(Status.SUBMISSION)
    granted = Play.begin().reach(Status.BUREAU_REVIEW)
    granted.send("bureau_decision", grant)
    assert (granted.state.status, granted.state.filing_number) == (Status.APPROVED, FREE)


@pytest.mark.parametrize("kind", ["change_subject", "change_mini_program"])
def test_only_a_new_filing_needs_a_number_to_be_approved(kind: str) -> None:
    play = Play.begin(changes={"kind": kind}).reach(Status.BUREAU_REVIEW)
    without = {key: GRANT[key] for key in ("outcome", "reviewer")}
    assert play.send("bureau_decision", without).refusal is None
    assert play.state.status is Status.APPROVED


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize(
    "status", [Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW]
)
def test_no_word_of_the_authority_rejects_for_good(status: Status, standing: Standing) -> None:
    play = Play.begin().reach(status)
    play.answer(standing, number=FREE)
    assert play.state.status is not Status.REJECTED
    assert play.state.status.final == (standing is Standing.APPROVED)
    # Nor one that somebody sends on its behalf: no such kind is known.
    event = {"source": "hook", "event_id": "e-1", "kind": "rejected"}
    assert isinstance(read("authority_event", (event,)), Malformed)


# --- what is shown ---


def test_the_details_list_the_last_fifty_refusals_and_count_all() -> None:
    play = Play.begin()
    for index in range(60):
        play.send("platform_decision", {**APPROVE, "reviewer": f"r{index:02}", "round": 9})
    assert REFUSALS_KEPT == 50
    text = details(play.state)
    head, listed = text.split("### 未被采纳的消息")
    assert listed.startswith("(共 60 条,")
    assert listed.count("\n- ") == 50
    assert "未被采纳" not in head
    answer = status_answer(play.state).model_dump(mode="json")
    assert answer["refused_count"] == 60
    assert [r["by"] for r in answer["refused"]] == [f"r{index:02}" for index in range(10, 60)]


def test_a_bureau_that_is_late_on_a_friday_is_told_of_every_five_working_days_from_monday() -> None:
    play = Play.begin(at=china(11, 20, 10)).reach(Status.BUREAU_REVIEW)
    play.to_deadline()
    assert play.at == china(12, 19)  # the end of Friday
    happened = play.wait_until(china(1, 6, year=2027))
    assert [e.at for e in happened.entries if e.purpose == "note"] == [
        play.notice_time(12, 21),
        play.notice_time(12, 28),
        play.notice_time(1, 5, year=2027),
    ]


def test_the_offset_of_the_notices_is_the_filings_own_and_stays_so() -> None:
    state = Play.begin().state
    offsets = [state.model_copy(update={"uid": f"run-{n}"}).offset_seconds for n in range(500)]
    assert offsets == [
        state.model_copy(update={"uid": f"run-{n}"}).offset_seconds for n in range(500)
    ]
    assert min(offsets) >= 0
    assert max(offsets) < 3600
    # Neither a worker's restart nor another worker changes it.
    assert state.model_copy(update={"uid": "run-1"}).offset_seconds == 251
    # Spread over the hour: of 500 at most a few within any minute.
    ordered = sorted(offsets)
    assert max(later - earlier for earlier, later in pairwise(ordered)) < 120
    assert len(set(offsets)) > 400


# --- cancellations, as far as they are built ---

CANCELLATIONS = ["cancel_subject", "cancel_mini_program", "cancel_access"]


@pytest.mark.parametrize("kind", CANCELLATIONS)
def test_a_return_of_a_cancellation_ends_in_rejected(kind: str) -> None:
    play = Play.begin(changes={"kind": kind})
    happened = play.send("platform_decision", {**APPROVE, "outcome": "return", "reasons": REASONS})
    assert play.state.status is Status.REJECTED
    assert happened.told == [("rejected", "applicant")]


@pytest.mark.parametrize("kind", CANCELLATIONS[:2])
def test_a_cancellation_whose_sms_check_is_missed_has_lapsed(kind: str) -> None:
    play = Play.begin(changes={"kind": kind}).reach(Status.SMS_VERIFICATION)
    play.to_deadline()
    play.answer_once(Standing.SMS_LAPSED)
    assert play.state.status is Status.LAPSED


@pytest.mark.parametrize("kind", CANCELLATIONS)
def test_a_cancellation_is_never_withdrawn(kind: str) -> None:
    play = Play.begin(changes={"kind": kind})
    for status in (Status.PLATFORM_REVIEW, Status.SUBMISSION, Status.BUREAU_REVIEW):
        if status is Status.SUBMISSION:
            play.send("platform_decision", APPROVE)
        elif status is Status.BUREAU_REVIEW:
            play.answer(Standing.BUREAU_REVIEW)
        assert play.send("withdraw", ACT).code == "cancellation_not_withdrawable"
        assert play.cancel().code == "cancellation_not_withdrawable"
        assert play.state.status is status
        assert play.withdrawing is None


def test_the_cancellation_of_access_has_no_sms_check_and_its_window_runs_from_submission() -> None:
    play = Play.begin(changes={"kind": "cancel_access"}).reach(Status.SUBMISSION)
    play.wait(days=1)
    received = START + timedelta(hours=3)
    play.answer(Standing.SMS_WAITING, at=received)
    assert play.state.status is Status.BUREAU_REVIEW
    assert play.state.sms == ()
    assert play.state.window_start == received
