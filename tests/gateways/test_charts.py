"""The chart and the report of `stats`, from figures made by hand."""

from datetime import datetime
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from filing.model import CHINA
from filing.stats import By, Figures, StageFigures, Stats, held_by
from filing.vocabulary import Status
from gateways.charts import DOTS_PER_POINT, MOST_GROUPS, PARTIES, WIDTH, as_png, as_svg, chart
from gateways.letters import own_font
from gateways.stats_report import report

RARE = "\U00020bb7"
"""A character that the font lacks (𠮷)."""


def stage(status: Status, days: int) -> StageFigures:
    return StageFigures(
        stage=status,
        entered=2,
        left=2,
        open=0,
        overdue=1,
        overdue_share=0.5,
        median_working_days=days,
        p95_working_days=2 * days,
        working_days=3 * days,
    )


def group(key: str | None) -> Figures:
    stages = tuple(stage(status, 3) for status in (Status.PLATFORM_REVIEW, Status.BUREAU_REVIEW))
    return Figures(
        key=key,
        filings=2,
        open=0,
        overdue_now=0,
        ended={status: 2 if status is Status.APPROVED else 0 for status in Status if status.final},
        ended_from_outside=0,
        first_time_approved=1,
        first_time_approval_rate=0.5,
        median_working_days_to_approval=9,
        p95_working_days_to_approval=12,
        sms_lapses=0,
        stages=stages,
        held=held_by(stages, 2),
    )


def stats(by: By, *keys: str | None) -> Stats:
    return Stats(
        as_of=datetime(2026, 11, 24, 12, tzinfo=CHINA),
        calendar="test",
        by=by,
        agency=None,
        start=None,
        end=None,
        not_accepted=0,
        conflicts=0,
        total=group(None),
        groups=tuple(map(group, keys)),
    )


@pytest.mark.parametrize(
    ("by", "keys", "names"),
    [
        (By.KIND, ("new", "cancel_access"), ["新增备案", "取消接入"]),
        (By.AGENCY, ("云帆", None, f"海天{RARE}"), ["云帆", "未填写", "海天?"]),
        (By.PROVINCE, ("江苏省",), ["江苏省", "平台初审", "管局审核", "通信管理局"]),
        (By.STAGE, (), ["全部"]),
    ],
)
def test_an_svg_names_all_that_it_shows(by: By, keys: tuple[str, ...], names: list[str]) -> None:
    font = own_font()
    drawn = as_svg(chart(stats(by, *keys), font, "统计"), font).decode()
    assert [name for name in names if f">{name}<" not in drawn] == []
    assert font.name not in drawn


def test_of_many_groups_the_largest_are_drawn() -> None:
    font = own_font()
    keys = [f"机构{number:02}" for number in range(MOST_GROUPS + 5)]
    drawn = as_svg(chart(stats(By.AGENCY, *keys), font, "统计"), font).decode()
    assert [key for key in keys if key in drawn] == keys[:MOST_GROUPS]


def test_a_png_has_the_colours_of_the_parties() -> None:
    font = own_font()
    with Image.open(BytesIO(as_png(chart(stats(By.STAGE), font, "统计")))) as picture:
        assert picture.width == WIDTH * DOTS_PER_POINT
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1_000_000) or []}
    wanted = {party: PARTIES[party] for party in (one.party for one in group(None).held)}
    assert len(wanted) == 2
    for colour in wanted.values():
        assert tuple(round(255 * part) for part in colour.rgb()) in colours


def test_a_report_holds_every_table_and_is_the_same_each_time() -> None:
    font, figures = own_font(), stats(By.PROVINCE, "江苏省", "浙江省")
    drawn = report(figures, chart(figures, font, "统计"), font)
    assert drawn == report(figures, chart(figures, font, "统计"), font)
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(drawn)).pages)
    assert [w for w in ("概况", "各环节", "由谁办理", "浙江省", "50.0%") if w not in text] == []
