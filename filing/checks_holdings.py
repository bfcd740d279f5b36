"""Checks of an application against what is on file with the bureaus, as the registry knows it."""

from collections.abc import Iterator, Sequence

from filing import divisions
from filing.applicants import sorts
from filing.application import Application
from filing.changes import SUBJECT_NUMBER, changed_paths
from filing.findings import problem
from filing.holdings import Filed, HeldSubject, Holdings
from filing.numbers import parse_number
from filing.problems import Problem
from filing.vocabulary import KIND_LABELS, SUBJECT_KINDS, Kind

SHELL_TAKEN = frozenset("津辽蜀滇苏浙沪桂晋京黔")
"""Where (by abbreviation) a subject without a service may take a new one directly."""

MOST_NAMED = 5
"""Paths that one problem names."""

_NOT_FILED_FIX = "请核对;需要重新备案的用 new(新增备案)"


def check_holdings(application: Application, holdings: Holdings) -> Iterator[Problem]:
    """What the registry knows against it. What it does not know may be on file all the same, filed
    before this system was used, or elsewhere."""
    subject = holdings.subject
    if holdings.number_of_another:
        message, fix = "所填的主体备案号属于另一主体", "请核对主体备案号与主办单位证件号码"
        yield problem("subject.subject_number", "holdings.number_of_another", message, fix)
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
        yield from _in_force(application, holdings)


def _in_force(application: Application, holdings: Holdings) -> Iterator[Problem]:
    """What a change calls the old data must be what is in force."""
    told, known = application.on_file, holdings.on_file
    if told is None or known is None or not holdings.of_same_subject:
        return
    paths = [path for path in changed_paths(known, told) if path != SUBJECT_NUMBER]
    if paths:
        message = f"on_file 与登记库中已备案的资料不同:{_named(paths)}"
        fix = "请删除 on_file,start 会从登记库读取;登记库有误的,请先核对"
        yield problem("on_file", "holdings.on_file_differs", message, fix)


def _named(paths: Sequence[str]) -> str:
    more = "等" if len(paths) > MOST_NAMED else ""
    return "、".join(paths[:MOST_NAMED]) + more


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
    yield from _known_subject(application, holdings)
    most = sorts()[application.subject.type].most
    if holdings.filed >= most:
        message = f"主体已备案 {holdings.filed} 个小程序,最多 {most} 个"
        fix = "请先注销不再使用的小程序(cancel_mini_program)"
        yield problem("subject", "holdings.quota", message, fix)


def _known_subject(application: Application, holdings: Holdings) -> Iterator[Problem]:
    """A further mini program is filed under the subject as it is on file."""
    subject, given = holdings.subject, application.subject
    if subject is None:
        return
    if subject.status is not Filed.FILED:
        if given.subject_number is not None:
            message, fix = "主体的备案已注销,原主体备案号不再有效", "请填写 subject_number: null"
            yield problem("subject.subject_number", "holdings.number_cancelled", message, fix)
        return
    data = holdings.subject_data
    if data is not None and subject.province == given.province:
        paths = [path for path in changed_paths(data, given) if path != "subject_number"]
        if paths:
            message = f"主体资料与已备案的不同:{_named(paths)}"
            fix = "请按已备案的资料填写,或先办理变更主体(change_subject)再新增小程序"
            yield problem("subject", "holdings.subject_data_differs", message, fix)
    if holdings.filed == 0 and divisions.abbreviation(given.province) not in SHELL_TAKEN:
        message = f"主体名下已无小程序(空壳主体),{given.province}一般须先注销主体再重新备案"
        fix = "请与通信管理局确认后再提交"
        yield problem("subject", "holdings.empty_shell", message, fix)


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
