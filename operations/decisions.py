"""Decisions of a file, one a row: read, checked against where each filing stands, and had made.

Columns: `id`, `outcome`, `reviewer`, `number`, `stage`, `round`; `reason` as on the command line
(FIELD=TEXT|SUGGESTION, one a line of the cell); and, as TEXT|SUGGESTION, one column a field, by its path
or Chinese name. JSON Lines: the same keys, but for a field's own; `reasons`, as in a decision, may stand
for `reason`.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from filing.batches import BatchAction, RowResult
from filing.model import Model
from filing.paths import nearest_path
from filing.problems import Problem
from filing.process.decisions import REJECT_IS_THE_BUREAUS
from filing.process.messages import LONGEST_NAME, MOST_FAULTS, Reasons
from filing.view import StatusAnswer
from filing.vocabulary import STATUS_LABELS, Status
from gateways.batches import NewRow
from gateways.registry import FilingRecord
from operations.batches import NotTaken, Ordered, Planned, Progress, Taken, invalid, take_in
from operations.columns import is_path, meant_by
from operations.filings import DecisionWork, Verdict
from operations.formats import Unreadable, shown, storable
from operations.reading import Document, Source
from operations.services import Services
from operations.tables import Table

COLUMNS = {
    "id": "备案",
    "outcome": "审核结论",
    "reviewer": "审核人",
    "reason": "退回原因",
    "number": "小程序备案号",
    "stage": "环节",
    "round": "轮次",
}
"""Columns and their Chinese headings."""
OUTCOMES = {"通过": "approve", "退回": "return", "不通过": "reject", "驳回": "reject"}
_ALSO = {"结论": "outcome", "备案号": "number", "原因": "reason", "appid": "id", "filing_id": "id"}
_PATH = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+")
_STAGES = {STATUS_LABELS[status]: status.value for status in Status}
MOST_COLUMNS = 200
MOST_OF_AN_ID = 200


class WrongReason(ValueError):
    """A reason that is not FIELD=TEXT or FIELD=TEXT|SUGGESTION."""


def reason_of(text: str) -> dict[str, str]:
    """A reason as the command line takes it. Raises `WrongReason`."""
    field, equals, rest = text.partition("=")
    if not (field.strip() and equals):
        raise WrongReason(text)
    return _reason(field.strip(), rest)


def _path(field: str) -> str:
    """The path of a field that is called by its Chinese name. A paper has none: any text names one."""
    meant = None if _PATH.fullmatch(field) else meant_by(field)
    return meant if meant and not meant.startswith("materials/") else field


def _reasons_of(text: Any) -> list[dict[str, str]]:
    """One a line. Raises `WrongReason`."""
    if not isinstance(text, str):
        raise WrongReason(type(text).__name__)
    reasons = [reason_of(one) for one in text.splitlines() if one.strip()]
    return [reason | {"field": _path(reason["field"])} for reason in reasons]


def _reason(field: str, text: str) -> dict[str, str]:
    """Raises `WrongReason`."""
    why, _, suggestion = text.partition("|")
    if not why.strip():
        raise WrongReason(text)
    reason = {"field": field, "reason": why.strip()}
    return reason | ({"suggestion": suggestion.strip()} if suggestion.strip() else {})


# Tables


def _columns_of(header: Sequence[str]) -> list[str | None]:
    """Keys of a decision; `=` and a path for a field's reason; None for what is passed over."""
    named = {heading: key for key, heading in COLUMNS.items()} | _ALSO
    columns: list[str | None] = []
    if len(header) > MOST_COLUMNS:
        raise _bad_header(f"表头有 {len(header)} 列，超过 {MOST_COLUMNS} 列")
    for number, cell in enumerate(header, start=1):
        heading = cell.strip()
        key = heading if heading in COLUMNS else named.get(heading) or named.get(heading.lower())
        if key is None:
            field = heading if _PATH.fullmatch(heading) else meant_by(heading)
            if field is None:
                raise _bad_header(f"第 {number} 列的表头“{shown(heading)}”不认识")
            # A paper has no path of its own: any text names a field.
            key = f"={heading if field.startswith('materials/') else field}" if field else ""
        if key and key in columns:
            raise _bad_header(f"表头 {shown(heading)} 重复出现")
        columns.append(key or None)
    for key in ("id", "outcome"):
        if key not in columns:
            raise _bad_header(f"表头缺少 {key} 列（{COLUMNS[key]}）")
    return columns


def _bad_header(message: str) -> Unreadable:
    return Unreadable(
        "csv_header",
        message,
        f"表头写 {'、'.join(COLUMNS)}（或 {'、'.join(COLUMNS.values())}），"
        "字段的退回原因另写一列，如 subject.name 或 主体名称",
    )


def _from_row(columns: Sequence[str | None], row: Sequence[str]) -> dict[str, Any]:
    if any(cell.strip() for cell in row[len(columns) :]):
        raise Unreadable(
            "csv_row", f"单元格比表头多（表头 {len(columns)} 列）", "含逗号的内容请加双引号"
        )
    data: dict[str, Any] = {}
    reasons: list[dict[str, str]] = []
    for key, cell in zip(columns, row, strict=False):
        text = storable(cell.strip(), (key or "").removeprefix("="))
        if not key or not text:
            continue
        try:
            if key.startswith("="):
                reasons.append(_reason(key[1:], text))
            elif key == "reason":
                reasons += _reasons_of(text)
            else:
                data[key] = text
        except WrongReason:
            raise Unreadable(
                "reason",
                "退回原因的写法不正确",
                _REASON,
                key.removeprefix("="),
            ) from None
    return data | ({"reasons": reasons} if reasons else {})


DECISIONS: Table[str | None] = Table(
    _columns_of,
    _from_row,
    is_header=lambda cells: (
        {"outcome", "审核结论", "结论"} & {cell.strip() for cell in cells} != set()
    ),
    path_of=lambda key: key and key.removeprefix("="),
    what="个审核决定",
)


# Rows


class DecisionRow(Model):
    """A decision as a row holds it."""

    id: str = Field(max_length=MOST_OF_AN_ID)
    outcome: Literal["approve", "return", "reject"]
    reviewer: str = Field(min_length=1, max_length=LONGEST_NAME)
    reasons: Reasons = ()
    number: str | None = Field(default=None, max_length=60)
    stage: Literal[Status.PLATFORM_REVIEW, Status.BUREAU_REVIEW] | None = None
    round: str | None = Field(default=None, pattern=r"^[1-9]\d{0,5}$")


async def order_decisions(
    source: Source,
    services: Services,
    ordered: Ordered,
    *,
    reviewer: str | None,
    stage: Status = Status.PLATFORM_REVIEW,
    progress: Progress = lambda rows: None,
) -> Taken | NotTaken | Planned:
    """Have a file's decisions made, each for the stage that the row names, else for `stage`, and for
    the round that it names, else the present one. `reviewer` decides where a row names nobody. Raises
    `Unreadable`.
    """

    async def decision(document: Document) -> NewRow:
        return await read_decision(document, services, reviewer, stage)

    return await take_in(
        source,
        services,
        ordered,
        BatchAction.DECIDE,
        decision,
        twins=RowResult.INVALID,
        table=DECISIONS,
        progress=progress,
    )


async def read_decision(
    document: Document,
    services: Services,
    reviewer: str | None,
    stage: Status = Status.PLATFORM_REVIEW,
) -> NewRow:
    """A row's decision, or what is wrong with it."""
    if document.problems:
        return invalid(document, document.problems)
    given = document.data or {}
    found = None
    if isinstance(id_ := given.get("id"), str) and len(id_) <= MOST_OF_AN_ID:
        found = await services.registry.find(id_.strip())
    judged = await _judge(given, found, services, reviewer, stage)
    row = NewRow(
        row=document.row,
        filing_id=found.filing_id if found else None,
        mini_program=found.view["mini_program"] if found else None,
        work=None,
    )
    if isinstance(judged, DecisionWork):
        return row.model_copy(update={"work": judged.model_dump(mode="json")})
    return row.model_copy(update={"problems": judged})


async def _judge(
    given: dict[str, Any],
    found: FilingRecord | None,
    services: Services,
    reviewer: str | None,
    stage: Status,
) -> DecisionWork | tuple[Problem, ...]:
    try:
        row = DecisionRow.model_validate(_normal(given, reviewer))
    except WrongReason:
        return (_wrong("reason", "reason", "退回原因的写法不正确", _REASON),)
    except ValidationError as error:
        return _faults(error)
    if found is None:
        return (_wrong("id", "no_such_filing", "没有该备案", _FIXES["id"]),)
    stands = StatusAnswer.model_validate(found.view)
    against = _against(row, stands, stage) or await _misspelt(row, found.uid, services)
    if against is not None:
        return (against,)
    verdict = Verdict(
        decision=_decision(row),
        stage=row.stage or stage,
        round=int(row.round) if row.round else stands.round,
    )
    return DecisionWork(uid=found.uid, verdict=verdict)


def _normal(given: dict[str, Any], reviewer: str | None) -> dict[str, Any]:
    """A row's data by our own words, without what is empty. Raises `WrongReason`."""
    data = {key: value for key, value in given.items() if value is not None and value != ""}
    for key, names in (("outcome", OUTCOMES), ("stage", _STAGES)):
        if isinstance(data.get(key), str):
            data[key] = names.get(data[key], data[key])
    if "reason" in data and "reasons" not in data:
        data["reasons"] = _reasons_of(data.pop("reason"))
    return {"reviewer": reviewer} | data if reviewer else data


def _faults(error: ValidationError) -> tuple[Problem, ...]:
    """Why a row is no decision, whatever it is about: the first of its own fields, each once."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = {tuple(map(str, fault["loc"])): fault["type"] for fault in found[:MOST_FAULTS]}
    return tuple(_wrong_field(place, type_) for place, type_ in faults.items())


def _wrong_field(place: tuple[str, ...], type_: str) -> Problem:
    path, field = ".".join(map(shown, place)), shown(place[0])
    heading = COLUMNS.get(field, field)
    said = f"{heading}的写法不正确"
    if field == "reason":
        return _wrong(path, "decision_row", "reason 与 reasons 只写一个", _REASON)
    if type_ == "extra_forbidden" and len(place) == 1:
        known = "、".join((*COLUMNS, "reasons"))
        return _wrong(path, "decision_row", "决定中没有这一项", f"可填 {known}")
    if type_ == "missing" and len(place) == 1:
        said = f"缺少{heading}"
    return _wrong(path, "decision_row", said, _FIXES.get(field, _SHAPE))


def _against(row: DecisionRow, stands: StatusAnswer, usual: Status) -> Problem | None:
    """Why a decision that is one is not sent: where its filing stands, or what it lacks. Where the row
    names no stage it is for the `usual` one, never for another at which its filing may stand by now."""
    if (row.outcome == "approve") is any(reason.reason.strip() for reason in row.reasons):
        return _wrong("reason", "reason", "退回或不通过须写明原因,通过则不写", _REASON)
    if row.stage is None and stands.status is not usual:
        said = f"该备案处于「{STATUS_LABELS[stands.status]}」,不在「{STATUS_LABELS[usual]}」"
        fix = "请删除这一行；对别的环节的决定须在 环节 列写明，如 管局审核，或给整个文件加 --stage"
        return _wrong("stage", "not_waiting", said, fix)
    if row.round is None and stands.round > 1:
        said = f"该备案已是第 {stands.round} 轮,这一行没有写明轮次"
        fix = f"请核对重新提交的申请，并在 轮次 列写 {stands.round}"
        return _wrong("round", "round_missing", said, fix)
    if row.outcome == "reject" and (row.stage or usual) is Status.PLATFORM_REVIEW:
        code, said = REJECT_IS_THE_BUREAUS
        return _wrong("outcome", code, said, "请改为 退回")
    return None


async def _misspelt(row: DecisionRow, uid: str, services: Services) -> Problem | None:
    """A reason's path that no application has, where one of this application's is like it: who is
    asked to correct it would look in vain. Other text may name anything, as a paper."""
    paths = [r.field for r in row.reasons if _PATH.fullmatch(r.field) and not is_path(r.field)]
    try:
        application = await services.registry.application(uid) if paths else None
    except ValidationError:  # of a version with other shapes
        return None
    if application is None:
        return None
    for path in paths:
        near = nearest_path(path, application)
        if near not in (None, path) and not path.startswith(f"{near}."):
            said = f"申请中没有字段 {shown(path)}"
            return _wrong("reason", "unknown_field", said, f"是否为 {near}？")
    return None


_REASON = "请写 字段=原因 或 字段=原因|建议，如 subject.name=与执照不一致；每行一条"
_SHAPE = "请核对 id、outcome(approve、return、reject 或 通过、退回、不通过)、reviewer 和 reasons"
_FIXES = {
    "id": "请写工作流 id、uid 或 appid",
    "outcome": "请写 通过、退回 或 不通过（approve、return、reject）",
    "reviewer": "请填审核人列（reviewer），或给整个文件加 --reviewer 姓名",
    "number": "请写小程序备案号，如 苏ICP备2026000001号-1X",
    "stage": "请写 平台初审 或 管局审核；不写则为 --stage 所给的环节，否则为平台初审",
    "round": "请写数字，如 2；第一轮可以不写",
    "reasons": 'JSON Lines 中写 [{"field": "subject.name", "reason": "与执照不一致"}]',
}


def _decision(row: DecisionRow) -> dict[str, Any]:
    reasons = [reason.model_dump(exclude_none=True) for reason in row.reasons]
    decision: dict[str, Any] = {"outcome": row.outcome, "reviewer": row.reviewer}
    if reasons:
        decision["reasons"] = reasons
    if row.number:
        decision["filing_number"] = row.number
    return decision


def _wrong(path: str, code: str, message: str, fix: str) -> Problem:
    return Problem(path=path, code=code, message=message, fix=fix)
