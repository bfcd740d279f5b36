"""Checks of an application against what is on file with the bureaus, as the registry knows it."""

from collections.abc import Iterator

from filing.applicants import sorts
from filing.application import Application
from filing.findings import problem
from filing.holdings import Filed, HeldSubject, Holdings
from filing.numbers import parse_number
from filing.problems import Problem
from filing.vocabulary import KIND_LABELS, SUBJECT_KINDS, Kind

_NOT_FILED_FIX = "请核对;需要重新备案的用 new(新增备案)"


def check_holdings(application: Application, holdings: Holdings) -> Iterator[Problem]:
    """What the registry knows against it. What it does not know may be on file all the same, filed
    before this system was used, or elsewhere."""
    subject = holdings.subject
    if subject is not None and subject.status is Filed.FILED:
        yield from _subject(application, subject)
    if application.kind is Kind.NEW:
        yield from _new(application, holdings)
    elif (
        application.kind in SUBJECT_KINDS
        and subject is not None
        and subject.status is not Filed.FILED
    ):
        message, fix = "主体的备案已注销", _NOT_FILED_FIX
        yield problem("subject.subject_number", "holdings.not_filed", message, fix)
    else:
        yield from _mini_program(application, holdings)


def _subject(application: Application, held: HeldSubject) -> Iterator[Problem]:
    given = application.subject
    if held.province != given.province:
        message = f"主体已在{held.province}备案,一个主体只能在一个省份备案"
        fix = f"请填写{held.province},或先注销主体(cancel_subject)再在{given.province}备案"
        yield problem("subject.province", "holdings.other_province", message, fix)
    elif held.subject_number is not None and not _same(held.subject_number, given.subject_number):
        message = (
            "主体已有主体备案号,与所填的不同" if given.subject_number else "主体已有主体备案号"
        )
        fix = f"请填写 subject.subject_number: {held.subject_number}"
        yield problem("subject.subject_number", "holdings.subject_number_differs", message, fix)


def _new(application: Application, holdings: Holdings) -> Iterator[Problem]:
    held = holdings.mini_program
    if held is not None and held.status is Filed.FILED:
        number = f"({held.filing_number})" if held.filing_number else ""
        message = f"小程序已备案{number}"
        fix = "变更请用 change_mini_program;换主体请先注销(cancel_mini_program)再新增"
        yield problem("mini_program.appid", "holdings.filed_already", message, fix)
        return
    most = sorts()[application.subject.type].most
    if holdings.filed >= most:
        message = f"主体已备案 {holdings.filed} 个小程序,最多 {most} 个"
        fix = "请先注销不再使用的小程序(cancel_mini_program)"
        yield problem("subject", "holdings.quota", message, fix)


def _mini_program(application: Application, holdings: Holdings) -> Iterator[Problem]:
    """The mini program that is changed, cancelled, or named by a filing about its subject."""
    held, path = holdings.mini_program, "mini_program.appid"
    if held is None:
        message = f"登记库中没有该小程序的备案,无法核对能否{KIND_LABELS[application.kind]}"
        fix = "请核对 AppID 与备案号;在其他平台备案的,请在该平台办理"
        yield problem(path, "holdings.unknown", message, fix)
        return
    if held.status is not Filed.FILED:
        message = "小程序的备案已注销或已取消接入"
        yield problem(path, "holdings.not_filed", message, _NOT_FILED_FIX)
        return
    if not holdings.of_same_subject:
        message = "小程序备案在另一个主体名下"
        fix = "请核对主办单位证件号码与 AppID"
        yield problem(path, "holdings.other_subject", message, fix)
    number = application.filing_number
    if (
        number is not None
        and held.filing_number is not None
        and not _same(held.filing_number, number)
    ):
        message, fix = "小程序备案号与已备案的不同", f"请填写 filing_number: {held.filing_number}"
        yield problem("filing_number", "holdings.filing_number_differs", message, fix)


def _same(one: str, other: str | None) -> bool:
    """Whether two texts are one number, however its province is abbreviated."""
    if other is None:
        return False
    return one == other or (
        (parsed := parse_number(one)) is not None and parsed == parse_number(other)
    )
