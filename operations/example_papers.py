"""The papers of an example: drawn, small, and every one says SPECIMEN."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from filing.application import Application, Material, Person
from filing.vocabulary import CertificateType, MaterialType
from operations.example_parts import LATIN

PAPER_SIZE = (1300, 820)
"""A little more than the authority's least, 1280 by 720."""

_DESK, _INK, _RED, _WHITE, _LICENCE, _CARD, _CARD_BACK = range(7)
_PALETTE = (
    *(246, 244, 238),
    *(32, 40, 56),
    *(176, 32, 32),
    *(255, 255, 255),
    *(248, 238, 214),
    *(214, 230, 240),
    *(236, 226, 214),
)
"""Few colours, so that a paper stays small."""


def draw_papers(application: Application, owner: str, folder: Path) -> None:
    """Draw every material of an application where it says; `owner` is the subject's name in Latin
    letters, for the font has no others."""
    for material in application.materials:
        target = folder / material.file
        target.parent.mkdir(parents=True, exist_ok=True)
        _draw(target, *_content(material, application, owner))


def _content(
    material: Material, application: Application, owner: str
) -> tuple[str, tuple[str, ...], int]:
    """Title, lines and colour of a paper."""
    subject = application.subject
    signer = LATIN[(subject.legal_representative or subject.principal).name]
    match material.type:
        case MaterialType.SUBJECT_CERTIFICATE:
            certificate = subject.certificate
            return _words(certificate.type), (f"No. {certificate.number}", owner), _LICENCE
        case MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE:
            return _card(material, subject.principal)
        case MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE:
            return _card(material, application.mini_program.principal)
        case MaterialType.AUTHORISATION_LETTER:
            lines = (owner, f"authorises {LATIN[subject.principal.name]}", f"Signed: {signer}")
            return _words(material.type), lines, _WHITE
        case MaterialType.RESIDENCE_PERMIT | MaterialType.PRE_APPROVAL:
            return _words(material.type), (owner,), _LICENCE
        case _:
            return _words(material.type), (owner, f"Signed: {signer}"), _WHITE


def _words(kind: CertificateType | MaterialType) -> str:
    return str(kind.value).upper().replace("_", " ")


def _card(material: Material, person: Person) -> tuple[str, tuple[str, ...], int]:
    certificate, name = person.certificate, LATIN[person.name]
    title, number = _words(certificate.type), certificate.number
    valid = f"Valid from {certificate.valid_from}, long term"
    if material.side == "back":
        return f"{title} - BACK", (name, valid), _CARD_BACK
    if material.side is None:
        return title, (name, f"No. {number}", valid), _CARD
    born = f"Born {number[6:10]}-{number[10:12]}-{number[12:14]}"
    return title, (name, born, f"No. {number}"), _CARD


def _draw(target: Path, title: str, lines: tuple[str, ...], colour: int) -> None:
    width, height = PAPER_SIZE
    image = Image.new("P", PAPER_SIZE, _DESK)
    image.putpalette(_PALETTE)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"  # grey edges would want more colours
    draw.rounded_rectangle((30, 30, width - 30, height - 30), 28, colour, _INK, 4)
    draw.text((80, 80), title, _INK, ImageFont.load_default(56))
    draw.line((80, 160, width - 80, 160), _INK, 3)
    for i, line in enumerate(lines):
        draw.text((80, 210 + 64 * i), line, _INK, ImageFont.load_default(40))
    draw.text((400, 560), "SPECIMEN", _RED, ImageFont.load_default(110))
    image.save(target, "PNG")
