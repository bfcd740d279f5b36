"""The figures as PDF: what an agency sends its customers. Drawn as the letters are."""

from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from filing.stats import Stats
from filing.stats_tables import Sheet, heading, remarks, sheets
from gateways.letters import LetterFont, laid_out

PAGE = landscape(A4)
EDGE = 15 * mm
MOST_HEIGHT = PAGE[1] - 4 * EDGE


def report(stats: Stats, drawing: Drawing, font: LetterFont) -> bytes:
    """Every table, and the chart; the same bytes for the same figures."""
    body = ParagraphStyle("body", fontName=font.name, fontSize=8.5, leading=12, wordWrap="CJK")
    title = ParagraphStyle("title", body, fontSize=16, leading=24)
    head = ParagraphStyle("head", body, fontSize=11, leading=18, spaceBefore=5 * mm, keepWithNext=1)

    def text(content: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(font.drawable(content)), style)

    story: list[Flowable] = [text(heading(stats), title)]
    story += [text(line, body) for line in remarks(stats)]
    for sheet in sheets(stats):
        rows = [[text(cell, body) for cell in row] for row in (sheet.headings, *sheet.rows)]
        story += [text(sheet.title, head), _table(rows, sheet)]
    story += [Spacer(0, 5 * mm), _fitted(drawing)]
    return laid_out(
        story,
        font.drawable(heading(stats)),
        font,
        page=PAGE,
        sides=EDGE,
        ends=EDGE,
        number_at=8 * mm,
    )


def _table(rows: list[list[Paragraph]], sheet: Sheet) -> Table:
    width = PAGE[0] - 2 * EDGE
    shares = [_share(sheet, column) for column in range(len(sheet.headings))]
    table = Table(rows, [width * share / sum(shares) for share in shares], repeatRows=1)
    lines = colors.HexColor("#c0c0c0")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, lines),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef2f7")),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _share(sheet: Sheet, column: int) -> int:
    """Room for a column: by its longest text, within bounds."""
    longest = max(len(row[column]) for row in (sheet.headings, *sheet.rows))
    return min(max(longest, 5), 40)


def _fitted(drawing: Drawing) -> Drawing:
    """The chart, no larger than a page."""
    scale = min((PAGE[0] - 2 * EDGE) / drawing.width, MOST_HEIGHT / drawing.height, 1)
    drawing.scale(scale, scale)
    drawing.width, drawing.height = drawing.width * scale, drawing.height * scale
    drawing.hAlign = "LEFT"
    return drawing
