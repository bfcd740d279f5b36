"""What is shown of a filing: the `status` answer, the search attributes, the details."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from filing.authority import Standing
from filing.model import CHINA
from filing.process.messages import EXAMPLES, Malformed, read
from filing.view import (
    StatusAnswer,
    details,
    search_attributes,
    status_answer,
    timer_summary,
)
from filing.vocabulary import PARTY_LABELS, STATUS_LABELS, AuthorityMode, Party, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    FREE,
    GRANT,
    REASONS,
    RETURN,
    SANDBOX,
    START,
    WAITING,
    Play,
    china,
    to_send,
)


def shown(play: Play) -> dict[str, Any]:
    return status_answer(play.state).model_dump(mode="json")


SIGNALS = {
    Status.PLATFORM_REVIEW: "platform_decision",
    Status.CORRECTION: "resubmit",
    Status.SUBMISSION: "authority_event",
    Status.SMS_VERIFICATION: "sms_verified",
    Status.BUREAU_REVIEW: "bureau_decision",
}
DUE = {
    Status.PLATFORM_REVIEW: "2026-11-26 24:00",
    Status.CORRECTION: "2027-01-08 24:00",
    Status.SUBMISSION: "2026-11-26 24:00",
    Status.SMS_VERIFICATION: "2026-11-25 10:00",
    Status.BUREAU_REVIEW: "2026-12-22 24:00",
}
WAITS_FOR = {
    Status.PLATFORM_REVIEW: Party.PLATFORM,
    Status.CORRECTION: Party.APPLICANT,
    Status.SUBMISSION: Party.AUTHORITY,
    Status.SMS_VERIFICATION: Party.PRINCIPALS,
    Status.BUREAU_REVIEW: Party.BUREAU,
}


@pytest.mark.parametrize(("mode", "status"), WAITING)
def test_the_details_say_where_it_stands_for_whom_until_when_and_what_to_send(
    mode: AuthorityMode, status: Status
) -> None:
    text = details(Play.begin(mode).reach(status).state)
    assert text.startswith(f"## 新增备案 · {STATUS_LABELS[status]} · 第 1 轮")
    assert f"- **等待**:{PARTY_LABELS[WAITS_FOR[status]]}" in text
    assert f"- **期限**:{DUE[status]}" in text
    signal = SIGNALS[status]
    assert f"`{signal}`" in text
    assert json.loads(EXAMPLES[signal]) in to_send(text)


@pytest.mark.parametrize("status", [Status.PLATFORM_REVIEW, Status.BUREAU_REVIEW])
def test_the_details_show_a_reviewer_a_return_too(status: Status) -> None:
    text = details(Play.begin().reach(status).state)
    payloads = to_send(text)
    outcomes = [payload["outcome"] for payload in payloads]
    bureau = status is Status.BUREAU_REVIEW
    assert outcomes == ["approve", "return", *(["reject"] if bureau else [])]
    for payload in payloads:
        assert not isinstance(read(SIGNALS[status], (payload,)), Malformed)


def test_the_details_of_a_return_show_how_to_amend_and_how_to_resubmit() -> None:
    text = details(Play.begin().reach(Status.CORRECTION).state)
    assert "starter.py draft filing-wx1a2b3c4d5e6f7a8b\n" in text
    assert "starter.py amend filing-wx1a2b3c4d5e6f7a8b FILE\n" in text
    assert '{"by": "applicant", "reason": "…"}' in text


def test_a_made_up_name_cannot_leave_its_backticks() -> None:
    play = Play.begin()
    play.send("x`\n# y_z|")
    assert "`x'# y_z|`:" in details(play.state)


@pytest.mark.parametrize("status", [s for s in Status if s.final])
def test_the_details_of_an_ended_filing_ask_for_nothing(status: Status) -> None:
    text = details(Play.begin().reach(status).state)
    assert text.startswith(f"## 新增备案 · {STATUS_LABELS[status]} · 第 1 轮")
    assert "- **期限**" not in text
    assert "- **等待**" not in text
    assert "发送信号" not in text
    assert ("- **备案号**" in text) == (status is Status.APPROVED)


def test_the_details_say_what_is_overdue_provisional_and_held() -> None:
    play = Play.begin(at=china(12, 24, 10))
    assert "(暂定:次年放假安排未公布)" in details(play.state)
    play.to_deadline()
    assert ",**已逾期**" in details(play.state)
    play.send("hold", ACT)
    text = details(play.state)
    assert "- **期限**:已暂停(自 2026-12-29 00:00)" in text
    assert "已逾期**" not in text


def test_the_details_name_whose_check_is_still_due() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    text = details(play.state)
    assert "- **尚待核验**:主体负责人、小程序负责人" in text
    assert '{"person": "subject_principal", "source": "li.na"}' in text
    play.send("sms_verified", {"person": "subject_principal", "source": "ops"})
    text = details(play.state)
    assert "- **尚待核验**:小程序负责人" in text
    assert '{"person": "mini_program_principal", "source": "li.na"}' in text  # pasted, it is taken
    assert '"subject_principal"' not in text


def test_the_details_list_the_reasons_of_a_return() -> None:
    text = details(Play.begin().reach(Status.CORRECTION).state)
    reason = REASONS[0]
    assert f":{reason['reason']};建议:{reason['suggestion']}" in text


def test_the_next_rounds_reviewer_sees_what_the_last_one_asked_for() -> None:
    play = Play.begin().reach(Status.CORRECTION)
    assert play.entries[-1].detail == {"reasons": REASONS}
    play.send("resubmit", ACT)
    answer = shown(play)
    assert (answer["reasons"], answer["previous_reasons"]) == ([], REASONS)
    text = details(play.state)
    assert "### 上一轮的退回原因" in text
    assert f":{REASONS[0]['reason']};建议:{REASONS[0]['suggestion']}" in text
    other = [{"field": "subject.name", "reason": "不符", "suggestion": None}]
    play.send("platform_decision", {**RETURN, "reasons": other})
    play.send("resubmit", ACT)
    assert shown(play)["previous_reasons"] == other  # and of the first round nothing more
    assert [e.detail["reasons"] for e in play.entries if "reasons" in e.detail] == [REASONS, other]


def test_the_details_list_what_was_refused_the_last_first() -> None:
    play = Play.begin()
    play.send("bureau_decision", GRANT)
    play.send("platform_decision", None)
    text = details(play.state)
    assert "### 未被采纳的消息(共 2 条,最近在前)" in text
    assert text.index("`platform_decision`:") < text.index("`bureau_decision`:")
    # As code, so that it can be copied.
    assert f"正确写法如 `{EXAMPLES['platform_decision']}`" in text


def test_what_people_wrote_cannot_break_the_details() -> None:
    play = Play.begin()
    nasty = [{"field": "a|b", "reason": "x\n- **期限**:明天\n# 标题 `rm` <script>"}]
    play.send("platform_decision", {**RETURN, "reviewer": "li|na\n", "reasons": nasty})
    text = details(play.state)
    assert "a\\|b" in text
    assert "\n- **期限**:明天" not in text
    assert "\n# 标题" not in text
    assert "<script>" not in text.replace("\\<", "")


@pytest.mark.parametrize(("mode", "status"), WAITING)
def test_the_status_answer_of_a_waiting_filing(mode: AuthorityMode, status: Status) -> None:
    play = Play.begin(mode).reach(status)
    answer = shown(play)
    due = answer.pop("due_at")
    assert due.endswith("+08:00")
    assert play.state.window is not None
    assert datetime.fromisoformat(due) == play.state.window.due_at
    expected = {
        "filing_id": "filing-wx1a2b3c4d5e6f7a8b",
        "uid": "run-1",
        "kind": "new",
        "status": status.value,
        "status_label": STATUS_LABELS[status],
        "round": 1,
        "waiting_for": WAITS_FOR[status].value,
        "entered_at": "2026-11-24T10:00:00+08:00",
        "overdue": False,
        "provisional": False,
        "held": False,
        "filing_number": None,
        "subject_number": None,
        "reasons": REASONS if status is Status.CORRECTION else [],
        "refused": [],
        "refused_count": 0,
        "time_with": [],
    }
    assert {key: answer[key] for key in expected} == expected
    assert {"at", "status", "by", "note"} == set(answer["timeline"][0])


@pytest.mark.parametrize("status", [s for s in Status if s.final])
def test_nothing_is_due_of_an_ended_filing_and_nobody_is_waited_for(status: Status) -> None:
    answer = shown(Play.begin().reach(status))
    assert (answer["due_at"], answer["waiting_for"]) == (None, None)
    assert (answer["overdue"], answer["provisional"], answer["held"]) == (False, False, False)
    assert (answer["filing_number"] == FREE) == (status is Status.APPROVED)


def test_while_held_nothing_is_due() -> None:
    play = Play.begin()
    play.send("hold", ACT)
    answer = shown(play)
    assert (answer["held"], answer["due_at"]) == (True, None)
    assert search_attributes(play.state)["DueAt"] is None


def test_closed_stretches_are_shown_with_party_from_to_and_working_days() -> None:
    play = Play.begin()
    play.wait(days=1)
    play.send("platform_decision", APPROVE)
    assert shown(play)["time_with"] == [
        {
            "party": "platform",
            "from": "2026-11-24T10:00:00+08:00",
            "to": "2026-11-25T10:00:00+08:00",
            "working_days": 1,
        }
    ]
    assert StatusAnswer.model_validate(shown(play)) == status_answer(play.state)


def test_every_instant_is_shown_in_china_time_wherever_it_came_from() -> None:
    play = Play.begin(at=datetime.fromisoformat("2026-11-24T02:00:00+00:00"))
    play.send("platform_decision", None)
    play.reach(Status.SMS_VERIFICATION)
    at = (START + timedelta(minutes=0)).astimezone().isoformat()
    play.wait(hours=1)
    play.send("sms_verified", {"person": "subject_principal", "source": "ops", "at": at})
    answer = shown(play)
    instants = [answer["entered_at"], answer["due_at"], *(t["at"] for t in answer["timeline"])]
    instants += [answer["refused"][0]["at"], answer["sms_verified"][0]["at"]]
    instants += [s[key] for s in answer["time_with"] for key in ("from", "to")]
    assert all(instant.endswith("+08:00") for instant in instants)


def test_a_refusal_is_shown_with_who_what_and_why() -> None:
    play = Play.begin()
    play.send("bureau_decision", GRANT)
    (refusal,) = shown(play)["refused"]
    assert (refusal["message"], refusal["by"]) == ("bureau_decision", "苏通管局")
    assert (refusal["code"], refusal["at"]) == ("out_of_turn", "2026-11-24T10:00:00+08:00")
    assert "platform_decision" in refusal["explanation"]


@pytest.mark.parametrize(("mode", "status"), WAITING)
def test_the_search_attributes_are_those_of_the_contract(
    mode: AuthorityMode, status: Status
) -> None:
    play = Play.begin(mode).reach(status)
    assert play.state.window is not None
    assert search_attributes(play.state) == {
        "FilingStatus": status.value,
        "FilingKind": "new",
        "ApplicantType": "enterprise",
        "Province": "江苏省",
        "WaitingFor": WAITS_FOR[status].value,
        "DueAt": play.state.window.due_at,
        "Overdue": False,
        "DeadlineProvisional": False,
        "Round": 1,
    }


def test_the_timers_name_says_what_runs_out_and_when() -> None:
    play = Play.begin()
    assert timer_summary(play.state) == "平台初审:期限 2026-11-26 24:00"
    play.send("hold", ACT)
    assert timer_summary(play.state) == "平台初审"


def test_overdue_is_shown_from_the_deadline_on() -> None:
    play = Play.begin(SANDBOX).reach(Status.SUBMISSION)
    play.to_deadline()
    assert shown(play)["overdue"] is True
    assert search_attributes(play.state)["Overdue"] is True
    play.answer(Standing.SMS_WAITING)
    assert shown(play)["overdue"] is False
    assert play.state.entered_at.astimezone(CHINA) == china(11, 27)
