"""Changes for which the authority's API has no call: a person carries them there."""

from typing import Any

import pytest

from filing.process.events import HandOver
from filing.view import BY_HAND, details, status_answer
from filing.vocabulary import AuthorityMode, Kind, MaterialType, Principal, Status
from tests.filing.process_play import (
    ACT,
    GRANT,
    MANUAL,
    REASONS,
    SANDBOX,
    WECHAT,
    Play,
    application_data,
    assert_refused,
)

KINDS = ["change_subject", "change_mini_program"]
SUBJECT_ADDRESS = "subject.address"


def by_hand(kind: str = "change_subject", **more: Any) -> Play:
    """In `wechat`, a change of the subject's address and a phone, which the registry knows of."""
    filed = application_data()
    on_file = {key: filed[key] for key in ("subject", "mini_program")}
    on_file["subject"] = {**on_file["subject"], "address": "旧地址 1 号"}
    principal = {**on_file["subject"]["principal"], "mobile": "13900001111"}
    on_file["subject"]["principal"] = principal
    return Play.begin(WECHAT, {"kind": kind, "on_file": on_file, **more})


def submitted(kind: str = "change_subject") -> Play:
    play = by_hand(kind)
    play.send("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    return play


@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_told_what_to_change_with_which_papers_and_until_when(kind: str) -> None:
    play = by_hand(kind)
    happened = play.send("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    assert play.state.status is Status.SUBMISSION
    assert happened.told == [("submitted", "applicant"), ("by_hand", "operations")]
    notice = happened.notices[1]
    changes = {c.path: (c.before, c.after) for c in notice.changes}
    assert changes[SUBJECT_ADDRESS][0] == "旧地址 1 号"
    assert "13900001111" not in notice.model_dump_json()
    assert changes["subject.principal.mobile"][0] is not None
    assert set(notice.materials) == {m.type for m in play.state.application.materials}
    assert len(notice.materials) == len(set(notice.materials))
    assert MaterialType.SUBJECT_CERTIFICATE in notice.materials
    assert notice.due == "2026-11-26 24:00"
    assert notice.link is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_filing_says_that_it_is_carried_by_hand(kind: str) -> None:
    play = submitted(kind)
    assert "由人工办理" in play.state.timeline[-1].note
    assert status_answer(play.state).by_hand
    assert f"- **办理方式**:{BY_HAND}" in details(play.state)
    assert '"kind": "received"' in details(play.state)
    assert "通常无需操作" not in details(play.state)


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_the_whole_way_by_messages_and_nobody_is_ever_asked(kind: str) -> None:
    play = submitted(kind)
    play.wait(days=1)
    assert play.waits_in(Status.SUBMISSION)
    assert play.tell("changed").recorded == [("fact", "webhook")]
    assert play.tell("received", "e-2").told == [("sms_due", "applicant")]
    assert play.waits_in(Status.SMS_VERIFICATION)
    for person in play.state.principals_due:
        play.send("sms_verified", {"person": person.value, "source": "ops"})
    assert play.waits_in(Status.BUREAU_REVIEW)
    play.send("bureau_decision", {k: v for k, v in GRANT.items() if k != "filing_number"})
    assert play.state.status is Status.APPROVED
    assert (play.asking, play.once, play.asked_again) == (None, [], 0)


@pytest.mark.parametrize(
    ("kind", "leads_to"),
    [
        ("sms", Status.BUREAU_REVIEW),
        ("returned", Status.CORRECTION),
        ("approved", Status.APPROVED),
    ],
)
def test_a_later_word_of_the_authority_carries_it_on_as_well(kind: str, leads_to: Status) -> None:
    play = submitted()
    assert play.tell(kind, reasons=REASONS).refusal is None
    assert play.state.status is leads_to
    assert play.asking is None


def test_nobody_who_carries_it_in_time_is_overdue_and_told_of() -> None:
    play = submitted()
    play.wait(days=4)
    assert play.state.overdue
    assert play.waits_in(Status.SUBMISSION)
    assert [n.purpose.value for n in play.notices].count("overdue") >= 1


def test_its_sms_check_lapses_by_our_clock_for_nobody_can_be_asked() -> None:
    play = submitted()
    play.tell("received")
    play.to_deadline()
    assert play.state.status is Status.CORRECTION
    assert play.state.sms_lapsed
    assert play.once == []


def test_it_is_taken_back_at_once_while_nobody_has_received_it_and_operations_are_told() -> None:
    play = submitted()
    happened = play.send("withdraw", ACT)
    assert play.state.status is Status.WITHDRAWN
    assert sorted(happened.told) == [("withdrawn", "applicant"), ("withdrawn", "operations")]
    assert play.withdrawing is None
    late = submitted()
    late.tell("received")
    assert_refused(late, "too_late", "withdraw", ACT)


def test_a_second_round_is_told_to_operations_again() -> None:
    play = submitted()
    play.tell("returned", reasons=REASONS)
    play.send("resubmit", ACT)
    happened = play.send("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    assert ("by_hand", "operations") in happened.told


def test_it_stays_by_hand_in_the_next_run() -> None:
    play = submitted()
    play.reload()
    assert play.asking is None
    assert play.state.by_hand


@pytest.mark.parametrize("mode", list(AuthorityMode))
@pytest.mark.parametrize("kind", list(Kind))
def test_only_changes_through_the_real_authority_are_carried_by_hand(
    kind: Kind, mode: AuthorityMode
) -> None:
    play = Play.begin(mode, {"kind": kind.value})
    expected = mode is WECHAT and kind.value in KINDS
    assert play.state.by_hand is expected
    play.send("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    assert isinstance(play.asking, HandOver) == (mode is not MANUAL and not expected)
    told = [n.purpose.value for n in play.notices]
    assert told.count("by_hand") == expected
    assert ("由人工办理" in details(play.state)) is expected


def test_in_the_sandbox_a_change_is_handed_over_as_it_was() -> None:
    play = Play.begin(SANDBOX, {"kind": "change_subject"}).reach(Status.SUBMISSION)
    assert isinstance(play.asking, HandOver)
    assert play.state.principals_due == (Principal.SUBJECT,)
