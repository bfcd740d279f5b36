"""The figures as tables that people read, in Chinese, and as rows for a spreadsheet."""

from collections.abc import Iterator
from typing import NamedTuple

from filing.instants import since
from filing.process.stages import STAGES
from filing.stats import By, Figures, Stats
from filing.vocabulary import KIND_LABELS, PARTY_LABELS, STATUS_LABELS, Kind, Party, Status

TOTAL, WITHOUT = "全部", "未填写"
GROUP_HEADINGS = {
    By.STAGE: "备案",
    By.PROVINCE: "省份",
    By.AGENCY: "代理机构",
    By.CUSTOMER: "客户编号",
    By.KIND: "备案类型",
}
_ENDED = (Status.APPROVED, Status.REJECTED, Status.WITHDRAWN, Status.LAPSED)


class Sheet(NamedTuple):
    """A table: its title, the headings, and rows of as many texts."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def group_label(by: By, key: str | None) -> str:
    """What a group is called."""
    if key is None:
        return WITHOUT
    return KIND_LABELS[Kind(key)] if by is By.KIND else key


def named_groups(stats: Stats) -> list[tuple[str, Figures]]:
    """The total, then every group, with their names."""
    groups = [(group_label(stats.by, figures.key), figures) for figures in stats.groups]
    return [(TOTAL, stats.total), *groups]


def heading(stats: Stats) -> str:
    """What is counted, in one line."""
    parts = ["小程序备案统计"]
    if stats.agency is not None:
        parts.append(f"代理机构 {stats.agency}")
    if stats.start is not None or stats.end is not None:
        start = "" if stats.start is None else f"自 {since(stats.start)} "
        end = "" if stats.end is None else f"至 {since(stats.end)} 前"
        parts.append(f"{start}{end}".strip() + "提交")
    return " · ".join(parts)


def remarks(stats: Stats) -> list[str]:
    """What a reader must know of the figures."""
    lines = [f"截至 {since(stats.as_of)};工作日按 {stats.calendar} 计算"]
    if stats.groups_left_out:
        lines.append(f"另有 {stats.groups_left_out} 组未列出(计入全部)")
    if stats.not_accepted:
        lines.append(f"未受理的申请 {stats.not_accepted} 件,不计入")
    if stats.conflicts:
        lines.append(f"{stats.conflicts} 件备案的登记有两种记录,以先登记的为准")
    return lines


def sheets(stats: Stats) -> list[Sheet]:
    """All tables; those without a row are left out."""
    total = stats.total
    summary = tuple((name, *_summary(figures)) for name, figures in named_groups(stats))
    headings = (
        *(GROUP_HEADINGS[stats.by], "件数", "办理中", "逾期中"),
        *(STATUS_LABELS[status] for status in _ENDED),
        *("外部终止", "一次通过率", "批准用时(中位)", "批准用时(95%)", "短信超时"),
    )
    stages = tuple(
        (
            STATUS_LABELS[one.stage],
            PARTY_LABELS[STAGES[one.stage].waits_for],
            str(one.entered),
            str(one.open),
            _percent(one.overdue_share),
            _number(one.median_working_days),
            _number(one.p95_working_days),
        )
        for one in total.stages
    )
    held = tuple(
        (
            PARTY_LABELS[one.party],
            str(one.working_days),
            _number(one.per_filing),
            _percent(one.share),
        )
        for one in total.held
    )
    reasons = tuple((one.field, one.reason, str(one.count)) for one in total.reasons)
    every = [
        Sheet("概况", headings, summary),
        Sheet(
            "各环节",
            ("环节", "等待", "进入次数", "仍在其中", "逾期占比", "工作日(中位)", "工作日(95%)"),
            stages,
        ),
        Sheet("由谁办理", ("办理方", "工作日合计", "平均每件", "占比"), held),
        Sheet("常见退回原因", ("字段", "原因", "次数"), reasons),
    ]
    return [sheet for sheet in every if sheet.rows]


def _summary(figures: Figures) -> tuple[str, ...]:
    return (
        *(str(n) for n in (figures.filings, figures.open, figures.overdue_now)),
        *(str(figures.ended[status]) for status in _ENDED),
        str(figures.ended_from_outside),
        _percent(figures.first_time_approval_rate),
        _number(figures.median_working_days_to_approval),
        _number(figures.p95_working_days_to_approval),
        str(figures.sms_lapses),
    )


def _number(value: float | None) -> str:
    if value is None:
        return "—"
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def spreadsheet(stats: Stats) -> Iterator[list[str]]:
    """One row for the total and one for each group, under names as in the JSON; empty where there is
    no figure. A group's key is empty in the total's row and in that of filings without one."""
    stages, parties = tuple(STAGES), tuple(Party)
    counts = (
        "filings",
        "open",
        "overdue_now",
        "ended_from_outside",
        "first_time_approved",
        "first_time_approval_rate",
        "median_working_days_to_approval",
        "p95_working_days_to_approval",
        "sms_lapses",
    )
    of_stage = (
        "entered",
        "open",
        "overdue",
        "overdue_share",
        "median_working_days",
        "p95_working_days",
        "working_days",
    )
    yield [
        *("group", "key", *counts, *(f"ended.{status.value}" for status in _ENDED)),
        *(f"{stage.value}.{name}" for stage in stages for name in of_stage),
        *(f"held.{party.value}.{name}" for party in parties for name in ("working_days", "share")),
    ]
    for number, (_, figures) in enumerate(named_groups(stats)):
        by_stage = {one.stage: one for one in figures.stages}
        by_party = {one.party: one for one in figures.held}
        yield [
            "total" if number == 0 else stats.by.value,
            figures.key or "",
            *(_cell(getattr(figures, name)) for name in counts),
            *(str(figures.ended[status]) for status in _ENDED),
            *(_cell(getattr(by_stage.get(s), name, None)) for s in stages for name in of_stage),
            *(
                _cell(getattr(by_party.get(party), name, None))
                for party in parties
                for name in ("working_days", "share")
            ),
        ]


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)
