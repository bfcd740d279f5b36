"""The API's answers in our words (reference sections 2.5 and 3)."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from filing.authority import AuthorityReport, Reason, Standing
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.papers import Paper
from gateways.wechat.reasons import audited, hinted, plain_text

CHECKING, RETURNED, BUREAU, BUREAU_RETURNED, FILED = 2, 3, 4, 5, 6
ABSENT = range(1024, 1032)
"""1024 and its variants: bits for missing information, category and verification."""

MOST_RAW = 2_000
"""Characters of a body that are kept; it travels with the filing's history."""
_LONG_NUMBER = re.compile(r"[0-9]{7,}")

_STANDINGS = {
    CHECKING: Standing.CHECKING,
    RETURNED: Standing.RETURNED,
    BUREAU_RETURNED: Standing.BUREAU_RETURNED,
    FILED: Standing.APPROVED,
}
_SMS = {
    # Not there yet: the message goes out some minutes after the bureau has the filing.
    0: Standing.SMS_WAITING,
    1: Standing.SMS_WAITING,
    2: Standing.BUREAU_REVIEW,
    3: Standing.SMS_LAPSED,
}


def standing(info: Mapping[str, Any]) -> Standing:
    """Where an order stands, number of the filing aside.

    While a filing is being cancelled the mini program still counts as filed: that is no approval.
    """
    status = info.get("status")
    if status == BUREAU:
        return sms_standing(info)
    if status == FILED and info.get("is_canceling") is True:
        return Standing.SMS_WAITING
    if isinstance(status, int) and status in ABSENT:
        return Standing.ABSENT
    return _STANDINGS.get(status, Standing.UNKNOWN) if isinstance(status, int) else Standing.UNKNOWN


def sms_standing(told: Mapping[str, Any]) -> Standing:
    """Where an order stands with the bureau, by `sms_verify_status`."""
    sms = told.get("sms_verify_status")
    sms = 0 if sms is None else sms
    return _SMS.get(sms, Standing.UNKNOWN) if isinstance(sms, int) else Standing.UNKNOWN


def report(info: Mapping[str, Any]) -> AuthorityReport:
    """A status answer as a report; an approval's number is fetched by another call."""
    where = standing(info)
    reasons: tuple[Reason, ...] = ()
    understood = where is not Standing.UNKNOWN
    if where in (Standing.RETURNED, Standing.BUREAU_RETURNED):
        reasons, understood = audit_reasons(info.get("audit_data"))
    raw = None if understood else without_texts(info)
    return AuthorityReport(standing=where, available=available(info), reasons=reasons, raw=raw)


def audit_reasons(audit: Any) -> tuple[tuple[Reason, ...], bool]:
    """The reasons of a return, and whether all of them were understood."""
    entries = audit if isinstance(audit, list) else []
    understood = audit is None or isinstance(audit, list)
    for entry in entries:
        told = entry if isinstance(entry, dict) else {}
        understood = understood and all(isinstance(told.get(k), str) for k in ("key_name", "error"))
    return tuple(map(audited, entries)), understood


def available(info: Mapping[str, Any]) -> bool:
    """Whether the entry is open: closed where the bureau's system is down, or the mini program's name
    holds a word that is not allowed. What is not said counts as open."""
    return info.get("available") not in (0, False)


def returned(refusal: ApiRefusal, papers: Iterable[Paper]) -> AuthorityReport:
    """An application that was refused for what it says."""
    at = _places(papers)
    reasons = tuple(hinted(hint, at) for hint in refusal.hints)
    understood = all(isinstance(h.get("err_field"), str) for h in refusal.hints)
    if not reasons:
        text = plain_text(refusal.text) or f"备案系统未受理({refusal.code})"
        reasons = (Reason(field="application", reason=text),)
    raw = None if understood else without_texts({"hints": list(refusal.hints)})
    return AuthorityReport(standing=Standing.RETURNED, reasons=reasons, raw=raw)


def _places(papers: Iterable[Paper]) -> dict[str, int]:
    """Places of materials by the API's fields: of a list, by the place in it too."""
    by_field: dict[str, list[int]] = {}
    for paper in papers:
        by_field.setdefault(paper.field, []).append(paper.index)
    places = {field: held[0] for field, held in by_field.items() if len(held) == 1}
    for field, held in by_field.items():
        places |= {f"{field}.{i}": index for i, index in enumerate(held)}
    return places


def of_face_check(refusal: ApiRefusal) -> bool:
    """Whether an application was refused for its face check."""
    fields = (hint.get("err_field") for hint in refusal.hints)
    return any(isinstance(f, str) and f.endswith("verify_task_id") for f in fields)


def material_refused(code: int, paper: Paper) -> Reason:
    """A file that the authority would not take."""
    return Reason(
        field=f"materials.{paper.index}.file",
        reason=f"备案系统未能接收该文件({code})",
        suggestion="请更换为清晰完整的 PNG 或 JPEG 图片",
    )


def without_texts(body: Mapping[str, Any]) -> str:
    """A body as it came, as far as it can be kept: each text in it is replaced, for it may name
    people, and each number that may be somebody's."""

    def hide(part: Any) -> Any:
        if isinstance(part, dict):
            return {_LONG_NUMBER.sub("…", key): hide(item) for key, item in part.items()}
        if isinstance(part, list):
            return [hide(item) for item in part]
        private = isinstance(part, str) or _LONG_NUMBER.fullmatch(str(part))
        return "…" if private else part

    return json.dumps(hide(dict(body)), ensure_ascii=False)[:MOST_RAW]
