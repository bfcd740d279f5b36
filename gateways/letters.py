"""Letters as PDF, to be printed and signed.

Drawn by ReportLab: BSD licence, kept since 2000, and pure Python; it embeds a TrueType font cut to
the characters that a letter uses. Looked at and left: fpdf2 (LGPL-3, which asks more of those who
pass our work on than Apache-2.0 does), borb (AGPL), WeasyPrint (needs Pango, which PyPI lacks).
The font is `fonts/letters.ttf.xz`, whose README says where it comes from.
"""

import hashlib
import lzma
from collections.abc import Iterable
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from filing.letters import Letter

MOST_FONT_BYTES = 64 * 1024 * 1024
RESULT = "一致（　）不一致（　）"


class UnusableFont(Exception):
    """A font file is no TrueType font that can be embedded."""


class MissingCharacters(Exception):
    """The font lacks characters of the letter, which would be drawn as empty boxes."""

    def __init__(self, characters: tuple[str, ...]) -> None:
        super().__init__(f"{len(characters)} characters are not in the font")
        self.characters = characters


class LetterFont:
    """A font that letters can be drawn in. Raises `UnusableFont`."""

    def __init__(self, data: bytes) -> None:
        # ReportLab knows fonts by name, for the whole process: one of its own for each content.
        self.name = f"letters-{hashlib.sha256(data).hexdigest()[:16]}"
        try:
            font = TTFont(self.name, BytesIO(data))
        except Exception as error:  # noqa: BLE001 — a parser fed with any bytes raises anything
            raise UnusableFont(type(error).__name__) from None
        pdfmetrics.registerFont(font)
        self._known = frozenset(c for c, glyph in font.face.charToGlyph.items() if glyph)

    def missing(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Characters of the texts that the font lacks, each once, in their order."""
        used = dict.fromkeys(c for text in texts for c in text)
        return tuple(c for c in used if ord(c) not in self._known)

    def drawable(self, text: str) -> str:
        """The text with a mark for each character that the font lacks."""
        return "".join(c if ord(c) in self._known else "?" for c in text)


@cache
def own_font() -> LetterFont:
    """The font that comes with us."""
    packed = (resources.files("gateways") / "fonts" / "letters.ttf.xz").read_bytes()
    return LetterFont(lzma.decompress(packed))


def font_from(path: Path) -> LetterFont:
    """A font of the user's. Raises `OSError`, `UnusableFont`."""
    with path.open("rb") as stream:
        data = stream.read(MOST_FONT_BYTES + 1)
    if len(data) > MOST_FONT_BYTES:
        raise UnusableFont("too large")
    return LetterFont(data)


def draw(letter: Letter, font: LetterFont) -> bytes:
    """The letter as PDF, on A4, the same bytes each time. Raises `MissingCharacters`."""
    story = _story(letter, font)
    missing = font.missing(_texts(letter))
    if missing:
        raise MissingCharacters(missing)
    return laid_out(
        story, letter.title, font, page=A4, sides=22 * mm, ends=20 * mm, number_at=11 * mm
    )


def laid_out(
    story: list[Flowable],
    title: str,
    font: LetterFont,
    *,
    page: tuple[float, float],
    sides: float,
    ends: float,
    number_at: float,
) -> bytes:
    """The story as PDF with numbered pages, the same bytes each time. Lengths in points: the page,
    its margins at the sides and at both ends, and how high the number stands."""
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=page,
        leftMargin=sides,
        rightMargin=sides,
        topMargin=ends,
        bottomMargin=ends,
        title=title,
        lang="zh-CN",
        invariant=1,
        # nothing that was not drawn here: no standard font that a reader would have to supply
        initialFontName=font.name,
    )

    def number(canvas: Canvas, _: Any) -> None:
        canvas.setFont(font.name, 8)
        canvas.drawCentredString(page[0] / 2, number_at, f"第 {canvas.getPageNumber()} 页")

    document.build(story, onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def _texts(letter: Letter) -> Iterable[str]:
    yield from (letter.title, letter.addressee or "", letter.opening, letter.closing)
    yield from letter.clauses
    yield from letter.signatures
    for entry in letter.entries:
        yield from (entry.label, entry.value)
    yield RESULT + "项目填报内容核对结果（单位公章）签署日期：年月日第页、0123456789"


def _story(letter: Letter, font: LetterFont) -> list[Flowable]:
    body = ParagraphStyle(
        "body",
        fontName=font.name,
        bulletFontName=font.name,
        fontSize=10.5,
        leading=17,
        wordWrap="CJK",
    )
    title = ParagraphStyle(
        "title", body, fontSize=18, leading=26, alignment=TA_CENTER, spaceAfter=6 * mm
    )
    indented = ParagraphStyle("indented", body, firstLineIndent=21, spaceAfter=1.5 * mm)
    small = ParagraphStyle("small", body, fontSize=9.5, leading=14)

    def text(content: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(content), style)  # a paragraph's text is markup

    story: list[Flowable] = [text(letter.title, title)]
    if letter.addressee:
        story += [text(f"{letter.addressee}：", body), Spacer(0, 2 * mm)]
    story += [text(letter.opening, indented), Spacer(0, 1 * mm), _entries(letter, small, text)]
    story.append(Spacer(0, 3 * mm))
    for i, clause in enumerate(letter.clauses, 1):
        story.append(text(f"{i}、{clause}", indented))
    story.append(KeepTogether([text(letter.closing, indented), *_signatures(letter, body, text)]))
    return story


def _entries(letter: Letter, style: ParagraphStyle, text: Any) -> Table:
    rows = [
        [
            text(e.label, style),
            text(e.value, style),
            *([text(RESULT, style)] if letter.checked else []),
        ]
        for e in letter.entries
    ]
    widths = [42 * mm, 124 * mm]
    if letter.checked:
        rows.insert(0, [text(label, style) for label in ("项目", "填报内容", "核对结果")])
        widths = [42 * mm, 80 * mm, 44 * mm]
    table = Table(rows, widths, repeatRows=int(letter.checked), splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, -1), style.fontName),
                ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _signatures(letter: Letter, style: ParagraphStyle, text: Any) -> list[Flowable]:
    day = letter.date
    lines = [f"{who}：" for who in letter.signatures]
    if letter.sealed:
        lines.append("（单位公章）")
    lines.append(f"签署日期：{day.year} 年 {day.month} 月 {day.day} 日")
    right = ParagraphStyle("signature", style, leftIndent=75 * mm)
    spaced: list[Flowable] = [Spacer(0, 6 * mm)]
    for line in lines:
        spaced += [text(line, right), Spacer(0, 9 * mm)]
    return spaced
