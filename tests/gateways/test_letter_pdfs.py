"""Letters as PDF: read back, with their font in them, and never with an empty box."""

from io import BytesIO
from pathlib import Path

import pytest
import yaml
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from filing.application import Application
from filing.letters import Entry, Letter, letters
from gateways.letters import (
    LetterFont,
    MissingCharacters,
    UnusableFont,
    draw,
    font_from,
    own_font,
)
from tests.filing.checking import TODAY

EXAMPLE = Path(__file__).parents[2] / "examples" / "new-organisation.yaml"


@pytest.fixture
def letter() -> Letter:
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return letters(Application.model_validate(data), TODAY)[1]


def text_of(pdf: bytes) -> str:
    """All its text, without the breaks of lines and pages."""
    pages = (page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return "".join("".join(pages).split())


def named(letter: Letter, value: str) -> Letter:
    return letter.model_copy(update={"entries": (Entry(label="姓名", value=value),)})


def test_it_reads_back_whole(letter: Letter) -> None:
    text = text_of(draw(letter, own_font()))
    for part in (letter.title, letter.opening, letter.closing, *letter.signatures):
        assert "".join(part.split()) in text
    for entry in letter.entries:
        assert "".join(entry.label.split()) in text
        assert "".join(entry.value.split()) in text
    assert "签署日期：2026年11月24日" in text
    assert text.count("不一致") == len(letter.entries)


def test_every_font_is_embedded(letter: Letter) -> None:
    for page in PdfReader(BytesIO(draw(letter, own_font()))).pages:
        resources = page["/Resources"]
        assert isinstance(resources, DictionaryObject)
        fonts = [font.get_object() for font in resources["/Font"].values()]  # type: ignore[attr-defined]
        assert fonts
        for font in fonts:
            assert "BeianLetterSans" in font["/BaseFont"]
            assert len(font["/FontDescriptor"]["/FontFile2"].get_data()) > 1000


def test_only_what_is_used_is_in_it(letter: Letter) -> None:
    assert len(draw(letter, own_font())) < 100_000


def test_it_is_the_same_each_time(letter: Letter) -> None:
    assert draw(letter, own_font()) == draw(letter, own_font())


def test_the_font_holds_what_names_are_written_in() -> None:
    gb2312 = "".join(
        bytes([row, cell]).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    )
    assert len(gb2312) == 6763
    printed = "".join(map(chr, range(0x20, 0x7F))) + "，。、；：？！“”‘’（）《》〔〕【】…—·"
    assert own_font().missing([gb2312, printed, "喆堃珺玥鎏昇翀犇淼燚㛃䶮"]) == ()


@pytest.mark.parametrize("character", ["𬎆", "鿍", "★", "😀"])
def test_what_the_font_lacks_is_named_and_never_drawn(letter: Letter, character: str) -> None:
    with pytest.raises(MissingCharacters) as refused:
        draw(named(letter, f"王{character}{character}"), own_font())
    assert refused.value.characters == (character,)
    assert character not in str(refused.value)  # texts of errors may be logged


@pytest.mark.parametrize("value", ["<b>&amp;</b>", "a" * 500, "<para>&"])
def test_any_value_is_drawn_as_it_is(letter: Letter, value: str) -> None:
    assert value in text_of(draw(named(letter, value), own_font()))


def test_a_value_longer_than_a_page_goes_on_in_the_next(letter: Letter) -> None:
    pdf = draw(named(letter, "长" * 2000), own_font())
    assert len(PdfReader(BytesIO(pdf)).pages) == 3
    assert text_of(pdf).count("长") == 2000


@pytest.mark.parametrize("data", [b"", b"OTTO" + bytes(100), b"\0\1\0\0" + b"\xff" * 50])
def test_a_font_that_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ttf").write_bytes(data)
    with pytest.raises(UnusableFont):
        font_from(tmp_path / "a.ttf")


def test_another_font_does_what_it_can(letter: Letter) -> None:
    import reportlab

    latin = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    font = font_from(latin)
    assert isinstance(font, LetterFont)
    assert font.missing(["abc", "王"]) == ("王",)
    with pytest.raises(MissingCharacters):
        draw(letter, font)
