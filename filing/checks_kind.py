"""Checks of what each kind of filing needs besides the data themselves, and of what a change may be."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

from filing import numbers
from filing.application import Application, OnFile
from filing.changes import differences
from filing.findings import problem
from filing.problems import Problem
from filing.vocabulary import (
    APPLICANT_LABELS,
    CANCELLATIONS,
    CHANGES,
    KIND_LABELS,
    SUBJECT_KINDS,
    ApplicantType,
    CancellationReason,
    Kind,
)

DAYS_AHEAD = timedelta(days=30)
"""How long before it holds a change is applied for."""

FURTHEST_AHEAD = timedelta(days=366)

VERIFIED_WITH_FILING = frozenset(
    {ApplicantType.ENTERPRISE, ApplicantType.SOLE_TRADER, ApplicantType.INDIVIDUAL}
)
"""Enterprises and individuals (WX-API/submitauthandicp); that 个体工商户 counts as an enterprise there, as
it does when a mini program is registered, is [UNVERIFIED]: the authority decides."""

MOST_AUTH_DATA = 10_000

REFILE = "请先办理注销(cancel_subject),再以新的资料新增备案(new)"
"""The way out of what cannot be changed."""

_SUBJECT_NUMBER = "subject.subject_number"


def check_kind(
    application: Application, today: date, *, on_file_from_registry: bool = False
) -> Iterator[Problem]:
    """What must be there, what must not, and for a change what differs.

    `on_file_from_registry`: what is on file may yet be filled in, so that its absence is no problem.
    """
    kind = application.kind
    yield from _superfluous(application)
    yield from _verification(application)
    if kind is not Kind.NEW:
        yield from _numbers(application)
    if kind in CHANGES:
        yield from _effective_on(application.effective_on, today)
        if application.on_file is not None:
            yield from _change(application, application.on_file)
        elif not on_file_from_registry:
            fix = "请填写变更前的资料:on_file: {mini_program: …, subject: …}"
            yield problem("on_file", "on_file.missing", "缺少已备案的资料", fix)
    if kind in CANCELLATIONS and application.cancellation_reason is None:
        known = "、".join(reason.value for reason in CancellationReason)
        message, fix = "缺少注销原因", f"请填写 cancellation_reason:{known}"
        yield problem("cancellation_reason", "cancellation_reason.missing", message, fix)


def _superfluous(application: Application) -> Iterator[Problem]:
    kind = application.kind
    label = KIND_LABELS[kind]
    if kind is Kind.NEW and application.filing_number is not None:
        fix = "新增备案尚无小程序备案号,请删除;已有备案号的请用变更或注销"
        message = f"{label}不填写小程序备案号"
        yield problem("filing_number", "filing_number.not_applicable", message, fix)
    if kind not in CHANGES and application.on_file is not None:
        message, fix = f"{label}不填写已备案的资料", "请删除 on_file"
        yield problem("on_file", "on_file.not_applicable", message, fix)
    if kind not in CHANGES and application.effective_on is not None:
        message, fix = f"{label}不填写变更生效日期", "请删除 effective_on"
        yield problem("effective_on", "effective_on.not_applicable", message, fix)
    if kind not in CANCELLATIONS and application.cancellation_reason is not None:
        message, fix = f"{label}不填写注销原因", "请删除 cancellation_reason"
        path = "cancellation_reason"
        yield problem(path, "cancellation_reason.not_applicable", message, fix)


def _verification(application: Application) -> Iterator[Problem]:
    """What is verified in one with its filing: new ones only, of enterprises and individuals."""
    path, verification = "verification", application.verification
    if verification is None:
        return
    if application.kind is not Kind.NEW:
        message, fix = f"{KIND_LABELS[application.kind]}不能同时认证", "请删除 verification"
        yield problem(path, "verification.not_applicable", message, fix)
    elif application.subject.type not in VERIFIED_WITH_FILING:
        message = f"{APPLICANT_LABELS[application.subject.type]}不能同时认证和备案"
        fix = "请先在微信完成认证,并删除 verification;仅企业和个人可以同时办理"
        yield problem(path, "verification.applicant", message, fix)
    if len(json.dumps(verification.auth_data, ensure_ascii=False)) > MOST_AUTH_DATA:
        message, fix = "认证数据过多", f"请精简到 {MOST_AUTH_DATA} 个字符以内(按 JSON 计)"
        yield problem(f"{path}.auth_data", "verification.too_large", message, fix)


def _numbers(application: Application) -> Iterator[Problem]:
    """The numbers by which the bureau knows what is changed or cancelled."""
    subject, number = application.subject, application.filing_number
    label = KIND_LABELS[application.kind]
    if subject.subject_number is None:
        message, fix = f"{label}须填写主体备案号", "请填写 subject.subject_number"
        yield problem(_SUBJECT_NUMBER, "subject_number.missing", message, fix)
    if number is None:
        if application.kind is not Kind.CANCEL_SUBJECT:
            message, fix = f"{label}须填写小程序备案号", "请填写 filing_number"
            yield problem("filing_number", "filing_number.missing", message, fix)
        return
    refusal = numbers.check_mini_program_number(number, subject.province, subject.subject_number)
    if refusal is not None:
        yield problem("filing_number", refusal.code, refusal.message, refusal.fix)


def _effective_on(day: date | None, today: date) -> Iterator[Problem]:
    path, fix = "effective_on", "变更应提前 30 日申请,请填写变更生效的日期"
    if day is None:
        yield problem(path, "effective_on.missing", "未填写变更生效日期", fix)
    elif day < today:
        yield problem(path, "effective_on.past", "变更生效日期已过", fix)
    elif day < today + DAYS_AHEAD:
        yield problem(path, "effective_on.soon", "距变更生效不足 30 日", fix)
    elif day > today + FURTHEST_AHEAD:
        fix = f"请核对年份,最多提前 {FURTHEST_AHEAD.days} 日"
        yield problem(path, "effective_on.too_far", "变更生效日期过远", fix)


def _change(application: Application, on_file: OnFile) -> Iterator[Problem]:
    paths = differences(application)
    old, new = on_file.subject, application.subject
    if old.subject_number is not None and _SUBJECT_NUMBER in paths:
        message, fix = "主体备案号与已备案的不同", "主体备案号不能变更,请核对"
        yield problem(_SUBJECT_NUMBER, "change.subject_number", message, fix)
    paths = tuple(path for path in paths if path != _SUBJECT_NUMBER)
    if not paths:
        message, fix = "申请的资料与已备案的完全相同", "请填写变更后的资料"
        yield problem("on_file", "change.nothing", message, fix)
        return
    if "mini_program.appid" in paths:
        fix = "AppID 不同即另一个小程序:请注销原小程序,再以新的 AppID 新增备案"
        yield problem("mini_program.appid", "change.appid", "AppID 不能变更", fix)
    if "subject.province" in paths:
        message = "备案省份不能变更"
        yield problem("subject.province", "change.province", message, REFILE)
    if "subject.certificate.number" in paths:
        path, message = "subject.certificate.number", "主办单位证件号码不能变更"
        yield problem(path, "change.certificate_number", message, REFILE)
    individual = ApplicantType.INDIVIDUAL
    if (old.type is individual) is not (new.type is individual):
        path, message = "subject.type", "主体性质不能在个人与单位之间变更"
        yield problem(path, "change.applicant_type", message, REFILE)
    of_subject = [path for path in paths if path.startswith("subject.")]
    if application.kind is Kind.CHANGE_MINI_PROGRAM and of_subject:
        message = f"变更小程序不能变更主体信息({'、'.join(of_subject[:5])})"
        fix = "请用 change_subject(变更主体),小程序信息可以一并变更"
        yield problem("subject", "change.subject_data", message, fix)
    if application.kind in SUBJECT_KINDS and not of_subject:
        message = "变更主体,主体信息却与已备案的相同"
        fix = "只变更小程序信息的,请用 change_mini_program(变更小程序)"
        yield problem("subject", "change.subject_unchanged", message, fix)
