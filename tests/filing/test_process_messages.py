"""What people really send: each is a recorded refusal, and never stops the filing."""

import json
from typing import Any

import pytest

from filing.process.messages import (
    DECISION_EXAMPLES,
    EXAMPLES,
    SHAPES,
    UNDECODABLE,
    Malformed,
    read,
)
from filing.process.state import REFUSALS_KEPT
from filing.vocabulary import FINAL, AuthorityMode, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    GRANT,
    MANUAL,
    REASONS,
    RETURN,
    Play,
    application_data,
    assert_refused,
    refusal_codes,
)

NAMES = sorted(SHAPES)
STRANGE: list[tuple[str, tuple[Any, ...], str]] = [
    ("no argument", (), "wrong_argument_count"),
    ("two arguments", (APPROVE, APPROVE), "wrong_argument_count"),
    ("null", (None,), "not_an_object"),
    ("a text", ("approve",), "not_an_object"),
    ("a number", (1,), "not_an_object"),
    ("a list", ([APPROVE],), "not_an_object"),
    ("an empty object", ({},), "malformed"),
    ("unknown keys", ({"verdict": "approve"},), "malformed"),
    ("another key's ciphertext", ({UNDECODABLE: "key k2"},), UNDECODABLE),
]


@pytest.mark.parametrize(("args", "code"), [s[1:] for s in STRANGE], ids=[s[0] for s in STRANGE])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_one_object_of_the_right_shape_is_refused_with_a_right_example(
    name: str, args: tuple[Any, ...], code: str
) -> None:
    refusal = assert_refused(Play.begin(), code, name, *args)
    assert EXAMPLES[name] in refusal.explanation
    assert refusal.by is None


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.QUEUED}))
def test_what_cannot_be_read_is_refused_wherever_the_filing_stands(status: Status) -> None:
    assert_refused(Play.begin().reach(status), "not_an_object", "platform_decision", None)


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("platform_decision", {**APPROVE, "outcome": "Approve"}, "outcome"),
    ("platform_decision", {"outcome": "approve"}, "reviewer"),
    ("platform_decision", {**APPROVE, "reviewer": "   "}, "reviewer"),
    ("platform_decision", {**APPROVE, "reviewer": "x" * 101}, "reviewer"),
    ("platform_decision", {**APPROVE, "reviewer": None}, "reviewer"),
    ("platform_decision", {**APPROVE, "round": 0}, "round"),
    ("platform_decision", {**APPROVE, "round": "one"}, "round"),
    ("platform_decision", {**APPROVE, "decision_id": ""}, "decision_id"),
    ("platform_decision", {**APPROVE, "comment": "ok"}, "comment"),
    ("platform_decision", {**RETURN, "reasons": "因为"}, "reasons"),
    ("platform_decision", {**RETURN, "reasons": [{"field": "x"}]}, "reasons.0.reason"),
    ("platform_decision", {**RETURN, "reasons": REASONS * 101}, "reasons"),
    ("bureau_decision", {**GRANT, "filing_number": "苏" * 61}, "filing_number"),
    ("bureau_decision", {**GRANT, "filing_number": 1}, "filing_number"),
    ("platform_decision", {**APPROVE, "round": "1"}, "round"),
    ("platform_decision", {**APPROVE, "round": True}, "round"),
    ("platform_decision", {**APPROVE, "round": 1.0}, "round"),
    ("decide", {"stage": "platform_review", "round": "1", "decision": APPROVE}, "round"),
    (
        "decide",
        {"stage": "platform_review", "round": 1, "decision": {**APPROVE, "round": True}},
        "decision.round",
    ),
    ("sms_verified", {"person": "subject_principal", "source": "ops", "round": True}, "round"),
    ("calendar_changed", {"years": ["2027"]}, "years.0"),
    ("decide", {"stage": "review", "round": 1, "decision": APPROVE}, "stage"),
    ("decide", {"round": 1, "decision": APPROVE}, "stage"),
    ("decide", {"stage": "platform_review", "decision": APPROVE}, "round"),
    ("sms_verified", {"person": "wang.fang", "source": "ops"}, "person"),
    ("sms_verified", {"person": "subject_principal"}, "source"),
    (
        "sms_verified",
        {"person": "subject_principal", "source": "ops", "at": "2026-11-24 10:00"},
        "at",
    ),
    ("amend", {"application": [], "by": "wang.fang"}, "application"),
    ("amend", {"application": {}}, "by"),
    ("resubmit", {"reason": "x"}, "by"),
    ("withdraw", {"by": "wang.fang", "reason": "长" * 501}, "reason"),
    ("authority_event", {"source": "ops", "event_id": "e", "kind": "rejected"}, "kind"),
    ("authority_event", {"source": "ops", "kind": "received"}, "event_id"),
    ("calendar_changed", {"years": ["二〇二七"]}, "years.0"),
    ("calendar_changed", {"years": 2027}, "years"),
]


@pytest.mark.parametrize(("name", "payload", "path"), MALFORMED)
def test_a_fault_of_shape_is_refused_with_the_path_to_it(
    name: str, payload: dict[str, Any], path: str
) -> None:
    refusal = assert_refused(Play.begin(), "malformed", name, payload)
    assert f"{path}: " in refusal.explanation


@pytest.mark.parametrize(
    ("name", "payload", "told"),
    [
        (
            "platform_decision",
            {"outcome": "Approve", "reviewer": "li.na", "comment": "ok"},
            "outcome: 可用的值:approve、return、reject;comment: 没有这个字段,可用的有:outcome、reviewer",
        ),
        ("platform_decision", {"outcome": "approve", "reviewer": 7}, "reviewer: 应为文字"),
        ("platform_decision", {**APPROVE, "reviewer": "长" * 101}, "reviewer: 最多 100 个字符"),
        ("platform_decision", {**APPROVE, "round": 0}, "round: 应为不小于 1 的整数"),
        ("platform_decision", {**APPROVE, "round": "1"}, "round: 应为整数,不加引号"),
        ("platform_decision", {**RETURN, "reasons": "因为"}, "reasons: 应为列表"),
        ("platform_decision", {**RETURN, "reasons": [7]}, "reasons.0: 应为 JSON 对象"),
        (
            "platform_decision",
            {**RETURN, "reasons": [{"field": "x", "reason": "y", "hint": "z"}]},
            "reasons.0.hint: 没有这个字段,可用的有:field、reason、suggestion",
        ),
        ("resubmit", {}, "by: 缺少"),
        (
            "sms_verified",
            {"person": "me", "source": "ops", "at": "2026-11-24"},
            "person: 可用的值:subject_principal、mini_program_principal;at: 应为带时区的时间",
        ),
    ],
)
def test_a_fault_is_told_in_chinese_with_what_is_expected(
    name: str, payload: dict[str, Any], told: str
) -> None:
    assert told in assert_refused(Play.begin(), "malformed", name, payload).explanation


@pytest.mark.parametrize("outcome", ["return", "reject"])
@pytest.mark.parametrize("name", ["platform_decision", "bureau_decision", "decide"])
def test_the_right_example_is_of_the_outcome_that_was_tried(name: str, outcome: str) -> None:
    decision = {"outcome": outcome, "reasons": "因为"}
    payload = {"decision": decision} if name == "decide" else decision
    explanation = assert_refused(Play.begin(), "malformed", name, payload).explanation
    example = DECISION_EXAMPLES[name].get(outcome, EXAMPLES[name])
    assert explanation.endswith(f"正确写法如 {example}")
    assert not isinstance(read(name, (json.loads(example),)), Malformed)


@pytest.mark.parametrize(
    ("name", "payload", "by"),
    [
        ("platform_decision", {"outcome": "nonsense", "reviewer": "li.na"}, "li.na"),
        ("decide", {"decision": {"outcome": "nonsense", "reviewer": "li.na"}}, "li.na"),
        ("resubmit", {"by": "wang.fang", "reason": 7}, "wang.fang"),
        ("sms_verified", {"source": "ops\x1b[31m"}, "ops[31m"),
        ("resubmit", {"by": "长" * 5000}, "长" * 100),
        ("resubmit", {"by": ["wang.fang"]}, None),
    ],
)
def test_who_sent_what_cannot_be_read_is_on_record(
    name: str, payload: dict[str, Any], by: str | None
) -> None:
    play = Play.begin()
    assert assert_refused(play, "malformed", name, payload).by == by
    assert play.entries[-1].by == (by or "?")


@pytest.mark.parametrize("name", ["resubmit", "sms_verified"])
def test_only_who_decides_is_told_which_decision_is_due(name: str) -> None:
    play = Play.begin()
    sent = {"resubmit": ACT, "sms_verified": {"person": "subject_principal", "source": "ops"}}
    told = play.send(name, {**sent[name], "round": 2} if name == "sms_verified" else sent[name])
    assert told.refusal is not None
    assert "platform_decision" not in told.refusal.explanation
    decided = play.send("bureau_decision", GRANT).refusal
    assert decided is not None
    assert "此时应发送 platform_decision" in decided.explanation


@pytest.mark.parametrize(
    "name", ["approve", "decline", "platform-decision", "", "\x00\x1b[31m", "长" * 500]
)
def test_an_unknown_name_is_refused_and_the_known_ones_are_told(name: str) -> None:
    play = Play.begin()
    before = play.state
    happened = play.send(name, APPROVE)
    assert happened.code == "unknown_message"
    assert happened.refusal is not None
    assert all(known in happened.refusal.explanation for known in SHAPES)
    assert happened.refusal.message.isprintable()
    assert 0 < len(happened.refusal.message) <= 60
    assert happened.recorded == [("refusal", "?")]
    assert play.state.timeline == before.timeline


@pytest.mark.parametrize("number", ["320599197001010012", "13900000001"])
@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_repeats_no_number_that_was_sent_neither_as_value_nor_as_key(
    name: str, number: str
) -> None:
    play = Play.begin()
    right = {"reviewer": "li.na", "by": "li.na", "source": "ops"}
    for payload in ({number: 1}, {**right, "outcome": number, "person": number, "round": number}):
        happened = play.send(name, payload)
        assert happened.refusal is not None
        assert number not in happened.refusal.model_dump_json()
        assert number not in "".join(e.model_dump_json() for e in happened.entries)


def test_values_that_json_can_hold_and_nothing_else_can_are_refused() -> None:
    play = Play.begin()
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    for value in (float("nan"), float("inf"), 10**400, "\ud800", deep, {"a": deep}):
        assert play.send("platform_decision", {**APPROVE, "reviewer": value}).code == "malformed"
    assert play.state.status is Status.PLATFORM_REVIEW


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"])
@pytest.mark.parametrize("mode", list(AuthorityMode))
def test_a_fact_dated_decades_back_is_refused_as_a_slip(mode: AuthorityMode, at: str) -> None:
    play = Play.begin(mode).reach(Status.SMS_VERIFICATION)
    check = {"person": "subject_principal", "source": "ops", "at": at}
    assert_refused(play, "malformed", "sms_verified", check)
    event = {"source": "ops", "event_id": "e-1", "kind": "received", "at": at}
    assert_refused(play, "malformed", "authority_event", event)


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("platform_decision", APPROVE),
        ("bureau_decision", GRANT),
        ("decide", {"stage": "platform_review", "round": 1, "decision": APPROVE}),
        ("sms_verified", {"person": "subject_principal", "source": "ops"}),
        ("amend", {"application": application_data(), "by": "wang.fang"}),
        ("resubmit", ACT),
        ("withdraw", ACT),
        ("hold", ACT),
        ("resume", ACT),
        ("authority_event", {"source": "ops", "event_id": "e-1", "kind": "received"}),
        ("calendar_changed", {"years": [2027]}),
    ],
)
def test_an_ended_filing_refuses_every_message_and_stays_as_it_is(
    status: Status, name: str, payload: dict[str, Any]
) -> None:
    for mode in AuthorityMode:
        refusal = assert_refused(Play.begin(mode).reach(status), "final", name, payload)
        assert "已结束" in refusal.explanation


def test_the_last_fifty_refusals_are_kept_and_all_are_counted_and_recorded() -> None:
    play = Play.begin()
    entries = len(play.entries)
    for index in range(130):
        play.send("platform_decision", {**APPROVE, "round": index + 2})
    assert len(play.state.refused) == REFUSALS_KEPT == 50
    assert play.state.refused_count == 130
    assert set(refusal_codes(play)) == {"stale_round"}
    assert [e.purpose for e in play.entries[entries:]] == ["refusal"] * 130
    assert [e.sequence for e in play.entries] == list(range(1, len(play.entries) + 1))


def test_the_state_stays_small_whatever_and_however_often_people_send() -> None:
    play = Play.begin(MANUAL)
    long = "长" * 100
    for index in range(400):
        play.send("x" * 1000 + str(index), long)
        play.send("bureau_decision", {**GRANT, "reviewer": long, "decision_id": f"d-{index}"})
        play.send("platform_decision", {**APPROVE, "reviewer": "长" * 5000})
        play.send("amend", {"application": {long + str(index): long * 20}, "by": long})
        event = {"source": long, "event_id": f"{index}" + "e" * 190, "kind": "sms"}
        play.send("authority_event", event)
    assert play.state.status is Status.PLATFORM_REVIEW
    assert len(play.state.model_dump_json()) < 200_000


def test_reasons_longer_than_a_filing_can_carry_are_refused() -> None:
    play = Play.begin()
    novel = [{"field": "subject.name", "reason": "长" * 10_001}]
    refusal = assert_refused(play, "malformed", "platform_decision", {**RETURN, "reasons": novel})
    assert "reasons: 全部原因合计过长" in refusal.explanation
    essay = [{"field": "subject.name", "reason": "长" * 9_000}]
    assert play.send("platform_decision", {**RETURN, "reasons": essay}).refusal is None
