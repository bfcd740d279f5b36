"""For applicants: the letters that are to be signed, filled in."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    fail,
    line,
    parse_instant,
    print_json,
    print_problems,
    settings,
)
from filing.findings import months_after
from filing.material_rules import material_rules
from filing.materials import demands, image_demands, required_materials

if TYPE_CHECKING:
    from gateways.letters import LetterFont
    from operations.letters import Prepared

app = typer.Typer()


@app.command()
def letters(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="YAML, JSON, JSON Lines or CSV; - is standard input."),
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write into.")],
    on: Annotated[
        str | None,
        typer.Option("--date", metavar="DATE", help="Day of signing; default: today."),
    ] = None,
    font: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A TrueType font, for characters that ours lacks."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    json_: Json = False,
) -> None:
    """Write the commitment and the authenticity checklist as PDF.

    Filled in, to be signed. They hold persons' data in full: readable by their owner alone. Needs
    no service.
    """
    from operations.letters import AlreadyThere, prepare, write

    levels = settings().levels
    today, day = parse_instant(None, "").date(), parse_instant(on, "--date").date()
    months = material_rules().letter_months
    if months_after(day, months) <= today:
        fail(
            f"--date {day}: a letter must be signed less than {months} month before it is sent; "
            "give a later day",
            Exit.USAGE,
        )
    prepared = list(prepare(files, to, day, today, _font(font), levels))
    try:
        write(prepared, force=force)
    except AlreadyThere as there:
        fail(f"{there.path} is there already; --force writes over it", Exit.USAGE)
    except OSError as error:
        fail(f"--to {to}: cannot write there: {error.strerror}", Exit.USAGE)
    if json_:
        print_json(_as_json(prepared))
    else:
        _print(prepared, day)
    if not all(one.drawn for one in prepared):
        raise typer.Exit(Exit.NO)


def _font(path: Path | None) -> "LetterFont":
    from gateways.letters import UnusableFont, font_from, own_font

    if path is None:
        return own_font()
    try:
        return font_from(path)
    except UnusableFont:
        fail(f"--font {path}: not a TrueType font (.ttf) that can be embedded", Exit.USAGE)
    except OSError as error:
        fail(f"--font {path}: cannot be read: {error.strerror}", Exit.USAGE)


def _as_json(prepared: "list[Prepared]") -> dict[str, object]:
    return {
        "letters": [
            {
                "file": one.examined.document.name,
                "type": letter.type.value,
                "label": letter.title,
                "path": str(path),
                "signed_on": letter.date.isoformat(),
            }
            for one in prepared
            for letter, path, _ in one.drawn
        ],
        "invalid": [
            {"file": one.examined.document.name, "problems": one.problems}
            for one in prepared
            if not one.drawn
        ],
    }


def _print(prepared: "list[Prepared]", day: date) -> None:
    for one in prepared:
        for letter, path, _ in one.drawn:
            line(("✓ wrote", "green"), f" {path}  {letter.title}")
        if one.problems:
            line(("✗ not written", "red"), f"  {one.examined.document.name}")
            print_problems(one.problems)
        elif not one.drawn:
            line(f"{one.examined.document.name}:本备案不需要承诺书与真实性核验单")
    written = [one for one in prepared if one.drawn]
    if not written:
        return
    line(("签署", "bold"))
    for type_, demand in _demands(written, day).items():
        line(f"  {type_}:{demand}")
    line("  打印后签字(单位并加盖公章),拍照或扫描:备案系统只接收图片,不接收 PDF")
    line(f"  {image_demands(material_rules().image)}")
    line("  再把图片填入申请的 materials:")
    for type_ in dict.fromkeys(letter.type.value for one in written for letter, _, _ in one.drawn):
        line(f"    - {{type: {type_}, file: {type_}.jpg, signed_on: {day}}}")
    line("  PDF 内有完整的证件与手机号码,只有本用户可读;用完请删除")


def _demands(prepared: "list[Prepared]", day: date) -> dict[str, str]:
    """What is asked of each letter, by its type."""
    found: dict[str, str] = {}
    for one in prepared:
        assert one.examined.application is not None
        held: set[str] = {letter.type.value for letter, _, _ in one.drawn}
        for asked in required_materials(one.examined.application, day):
            if asked.type.value in held and asked.template:
                found.setdefault(asked.label, demands(asked))
    return found
