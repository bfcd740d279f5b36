"""What kinds of filing ask for beyond one case a rule, and whom a change addresses by SMS."""

import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from filing.application import Application
from filing.changes import changes, differences, sms_addressees
from filing.checks import check
from filing.vocabulary import Principal
from tests.filing.checking import PRINCIPAL, PROGRAM, TODAY, both
from tests.filing.rule_cases import (
    Data,
    cancel_access,
    cancel_subject,
    cancellation,
    change_mini_program,
    change_subject,
    changed,
    problems_of,
)

REMARK = "面向昆山本地商户的线上商城,提供商品浏览、下单与到店自提服务"


def unchanged(kind: Callable[[], Data]) -> Data:
    """A change in which nothing differs yet."""
    data = kind()
    in_force: Data = copy.deepcopy(data["on_file"])
    return data | in_force


def application_of(data: Data, values: dict[str, Any]) -> Application:
    return Application.model_validate(changed(data, values))


@pytest.mark.parametrize(
    ("kind", "values", "addressed"),
    [
        (change_mini_program, {"mini_program.remark": REMARK}, ()),
        (change_mini_program, {"mini_program.name": "昆山新商城"}, (Principal.MINI_PROGRAM,)),
        (
            change_mini_program,
            {"mini_program.name": "昆山新商城", "mini_program.remark": REMARK},
            (Principal.MINI_PROGRAM,),
        ),
        (change_subject, {"subject.address": "示例路2号"}, (Principal.SUBJECT,)),
        (
            change_subject,
            {"subject.address": "示例路2号", "mini_program.remark": REMARK},
            (Principal.SUBJECT,),
        ),
        (
            change_subject,
            {"subject.address": "示例路2号", "mini_program.name": "昆山新商城"},
            (Principal.SUBJECT, Principal.MINI_PROGRAM),
        ),
    ],
)
def test_whom_a_change_addresses(
    kind: Callable[[], Data], values: dict[str, Any], addressed: tuple[Principal, ...]
) -> None:
    application = application_of(unchanged(kind), values)
    assert sms_addressees(application) == addressed
    assert check(application, None, TODAY) == ()


def test_a_changed_phone_is_the_one_that_is_addressed_and_shown_masked() -> None:
    application = application_of(unchanged(change_subject), both("mobile", "13700000000"))
    assert differences(application) == (
        "subject.legal_representative.mobile",
        f"{PRINCIPAL}.mobile",
    )
    assert {(c.before, c.after) for c in changes(application)} == {("139******01", "137******00")}


def test_a_changed_e_mail_address_is_shown_masked() -> None:
    application = application_of(unchanged(change_subject), both("email", "zhao.qiang@example.com"))
    assert {c.after for c in changes(application)} == {"z***@example.com"}
    assert not [c for c in changes(application) if c.before and "***@" not in c.before]


@pytest.mark.parametrize("days", [30, 366])
def test_a_change_may_hold_in_30_to_366_days(days: int) -> None:
    assert problems_of(changed(change_subject(), {"effective_on": TODAY + timedelta(days)})) == ()


def test_a_subjects_number_that_was_not_yet_known_on_file_is_no_change() -> None:
    data = changed(change_subject(), {"on_file.subject.subject_number": None})
    assert problems_of(data) == ()
    nothing = changed(unchanged(change_subject), {"on_file.subject.subject_number": None})
    nothing["subject"] = nothing["subject"] | {"subject_number": "苏ICP备2026000001号"}
    assert {p.code for p in problems_of(nothing)} == {"change.nothing"}


def test_what_is_on_file_may_come_from_the_registry() -> None:
    application = application_of(change_subject(), {"on_file": None})
    depends = {"material.depends_on_change"}
    assert {p.code for p in check(application, None, TODAY)} == {"on_file.missing", *depends}
    found = check(application, None, TODAY, on_file_from_registry=True)
    assert {p.code for p in found} == depends


@pytest.mark.parametrize("kind", [cancellation, cancel_subject, cancel_access])
def test_a_cancellation_does_not_judge_again_what_is_on_file(kind: Callable[[], Data]) -> None:
    aged = {f"{PROGRAM}.certificate.valid_to": date(2020, 1, 1), "mini_program.remark": "旧"}
    assert problems_of(changed(kind(), aged)) == ()
    assert {p.code for p in problems_of(changed(kind(), {"mini_program.appid": "wx1"}))} == {
        "appid.malformed"
    }
