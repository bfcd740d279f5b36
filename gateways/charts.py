"""The chart of `stats`, as PNG or SVG: how long each stage takes, and who holds a filing for how long.

Drawn by ReportLab, which the letters need anyway, in their font; ReportLab's own way to PNG needs
Cairo, so that its PDF is turned into pixels by PDFium (pypdfium2: Apache-2.0 or BSD, one wheel of 4 MB,
kept). Looked at and left: matplotlib (with NumPy and eight more), pygal (LGPL; PNG by CairoSVG), and
resvg (no ReportLab, so the bars would be ours to draw).
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from reportlab.graphics import renderPDF, renderSVG
from reportlab.graphics.charts.barcharts import HorizontalBarChart
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib import colors

from filing.stats import Figures, Stats
from filing.stats_tables import named_groups
from filing.vocabulary import PARTY_LABELS, STATUS_LABELS, Party
from gateways.letters import LetterFont

WIDTH, MARGIN, LABELS = 720, 24, 150
"""Points: the whole, its edge, and what is left for names."""
BAR, HEADING, LEGEND = 26, 34, 26
MOST_GROUPS = 12
"""Bars of groups; the tables and files have all of them."""
DOTS_PER_POINT = 2
LONGEST_NAME = 14
INK, FAINT = colors.HexColor("#222222"), colors.HexColor("#d0d0d0")
MEDIAN, P95 = colors.HexColor("#2b6cb0"), colors.HexColor("#a8c8ea")
PARTIES = {
    Party.PLATFORM: colors.HexColor("#2b6cb0"),
    Party.APPLICANT: colors.HexColor("#dd8a2e"),
    Party.PRINCIPALS: colors.HexColor("#7a5aa6"),
    Party.AUTHORITY: colors.HexColor("#3a9a7a"),
    Party.BUREAU: colors.HexColor("#b5494b"),
    Party.EARLIER_FILING: colors.HexColor("#8a8a8a"),
}
FAMILY = "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
"""Fonts of whoever looks at an SVG, which holds text and no font."""


def chart(stats: Stats, font: LetterFont, title: str) -> Drawing:
    """Both panels, one above the other."""
    stages = [figures for figures in stats.total.stages if figures.left]
    groups = named_groups(stats)[: MOST_GROUPS + 1]
    parties = [one.party for one in stats.total.held]
    heights = [max(len(rows), 1) * BAR for rows in (stages, groups)]
    height = 2 * MARGIN + HEADING + 2 * (HEADING + LEGEND) + sum(heights) + BAR
    drawing = Drawing(WIDTH, height)
    _fill(drawing, (0, 0, WIDTH, height), colors.white)
    top = float(height - MARGIN)
    _write(drawing, font, MARGIN, top - 14, title, 15)
    top -= HEADING
    legend = [("95% 以内", P95), ("中位数", MEDIAN)]  # the first is drawn lowest
    series: list[list[float]] = [
        [figures.p95_working_days or 0 for figures in stages],
        [figures.median_working_days or 0 for figures in stages],
    ]
    names = [STATUS_LABELS[figures.stage] for figures in stages]
    top = _panel(drawing, font, top, "各环节用时(工作日,已结束的)", names, series, legend)
    series = [[_per_filing(figures, party) for _, figures in groups] for party in parties]
    legend = [(PARTY_LABELS[party], PARTIES[party]) for party in parties]
    names = [name for name, _ in groups]
    heading = "每件备案平均由谁办理多久(工作日)"
    _panel(drawing, font, top, heading, names, series, legend, stacked=True)
    return drawing


def as_png(drawing: Drawing) -> bytes:
    """The drawing as pixels, its font embedded on the way."""
    import pypdfium2

    out = BytesIO()
    renderPDF.drawToFile(drawing, out, autoSize=1)
    document = pypdfium2.PdfDocument(out.getvalue())
    try:
        picture = document[0].render(scale=DOTS_PER_POINT).to_pil()
    finally:
        document.close()
    png = BytesIO()
    picture.save(png, "PNG", optimize=True)
    return png.getvalue()


def as_svg(drawing: Drawing, font: LetterFont) -> bytes:
    """The drawing as SVG, its text in a font of the reader's."""
    text = renderSVG.drawToString(drawing)
    return str(text).replace(font.name, FAMILY).encode()


def _per_filing(figures: Figures, party: Party) -> float:
    return next((one.per_filing or 0 for one in figures.held if one.party is party), 0.0)


def _panel(
    drawing: Drawing,
    font: LetterFont,
    top: float,
    heading: str,
    names: Sequence[str],
    series: Sequence[Sequence[float]],
    legend: Sequence[tuple[str, Any]],
    *,
    stacked: bool = False,
) -> float:
    """Bars under a heading and a legend; gives where the next panel may begin."""
    _write(drawing, font, MARGIN, top - 16, heading, 12)
    top -= HEADING
    _legend(drawing, font, top, legend)
    top -= LEGEND
    if not names or not any(map(any, series)):
        _write(drawing, font, MARGIN, top - 14, "均为 0" if names else "尚无数据", 10)
        return top - BAR
    bars = HorizontalBarChart()
    bars.x, bars.width = MARGIN + LABELS, WIDTH - LABELS - 2 * MARGIN - 20
    bars.height = len(names) * BAR
    bars.y = round(top) - len(names) * BAR
    bars.data = [tuple(values) for values in series]
    bars.reversePlotOrder = 0
    bars.groupSpacing, bars.barSpacing = 8, 0
    bars.categoryAxis.style = "stacked" if stacked else "parallel"
    bars.categoryAxis.reverseDirection = 1
    bars.categoryAxis.categoryNames = [_shown(name, font) for name in names]
    bars.categoryAxis.labels.fontName = font.name
    bars.categoryAxis.labels.fontSize = 10
    bars.categoryAxis.labels.fillColor = INK
    bars.categoryAxis.visibleTicks = 0
    bars.valueAxis.valueMin = 0
    bars.valueAxis.labels.fontName = font.name
    bars.valueAxis.labels.fontSize = 8
    bars.valueAxis.visibleGrid = 1
    bars.valueAxis.gridStrokeColor = FAINT
    for number, (_, color) in enumerate(legend):
        bars.bars[number].fillColor = color
        bars.bars[number].strokeColor = None
    drawing.add(bars)
    return top - bars.height - BAR


def _legend(
    drawing: Drawing, font: LetterFont, top: float, legend: Sequence[tuple[str, Any]]
) -> None:
    x = float(MARGIN)
    for name, color in legend:
        _fill(drawing, (x, top - 10, 10, 10), color)
        _write(drawing, font, x + 14, top - 9, name, 9)
        x += 14 + 9.5 * len(name) + 16


def _fill(drawing: Drawing, place: tuple[float, float, float, float], color: Any) -> None:
    rectangle = Rect(*place)
    rectangle.fillColor, rectangle.strokeColor = color, None
    drawing.add(rectangle)


def _write(drawing: Drawing, font: LetterFont, x: float, y: float, text: str, size: float) -> None:
    shown = font.drawable(text)
    drawing.add(String(x, y, shown, fontName=font.name, fontSize=size, fillColor=INK))


def _shown(name: str, font: LetterFont) -> str:
    cut = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return font.drawable(cut)
