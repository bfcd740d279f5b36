"""`letters`: written for signing, private, and nothing over what is there."""

import re
import stat
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.commands.conftest import APPID, EXAMPLE, PERSONAL, Call

COMMITMENT = Path(f"out/service_commitment-{APPID}.pdf")
CHECKLIST = Path(f"out/authenticity_checklist-{APPID}.pdf")


@pytest.fixture(autouse=True)
def application(call: Call) -> Path:
    path = Path("a.yaml")
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def text_of(path: Path) -> str:
    pages = PdfReader(BytesIO(path.read_bytes())).pages
    return "".join("".join(page.extract_text() for page in pages).split())


def test_both_are_written_for_their_owner_alone(call: Call) -> None:
    ran = call("letters", "a.yaml", "--to", "out", code=0)
    for path, title in ((COMMITMENT, "互联网信息服务承诺书"), (CHECKLIST, "真实性核验单")):
        assert f"✓ wrote {path}" in ran.out
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert title in text_of(path)
    assert stat.S_IMODE(Path("out").stat().st_mode) == 0o700
    assert "320599196802020021" in text_of(CHECKLIST)
    assert not any(number in ran.out + ran.err for number in PERSONAL)
    assert "签字" in ran.out
    assert "只接收图片" in ran.out
    assert re.search(
        r"- {type: service_commitment, file: service_commitment.jpg, signed_on: \d{4}-\d\d-\d\d}",
        ran.out,
    )


def test_nothing_is_written_over_without_force(call: Call) -> None:
    Path("out").mkdir()
    CHECKLIST.write_text("mine")
    ran = call("letters", "a.yaml", "--to", "out", code=2)
    assert f"{CHECKLIST} is there already; --force writes over it" in ran.err
    assert CHECKLIST.read_text() == "mine"
    assert not COMMITMENT.exists()


def test_force_replaces_a_link_and_not_what_it_leads_to(call: Call) -> None:
    Path("out").mkdir()
    Path("kept.txt").write_text("mine")
    CHECKLIST.symlink_to(Path("kept.txt").resolve())
    call("letters", "a.yaml", "--to", "out", code=2)
    call("letters", "a.yaml", "--to", "out", "--force", code=0)
    assert Path("kept.txt").read_text() == "mine"
    assert not CHECKLIST.is_symlink()
    assert stat.S_IMODE(CHECKLIST.stat().st_mode) == 0o600


def test_the_day_is_the_users(call: Call) -> None:
    ran = call("letters", "a.yaml", "--to", "out", "--date", "2099-01-02", "--json", code=0)
    assert [one["signed_on"] for one in ran.json["letters"]] == ["2099-01-02"] * 2
    assert "签署日期：2099年1月2日" in text_of(COMMITMENT)
    late = call("letters", "a.yaml", "--to", "new", "--date", "2020-01-02", code=2)
    assert "--date 2020-01-02" in late.err
    assert not Path("new").exists()


def test_wrong_data_are_not_put_into_a_letter(call: Call) -> None:
    wrong = EXAMPLE.replace("13900000003", "13900000001")
    Path("b.yaml").write_text(wrong, encoding="utf-8")
    ran = call("letters", "a.yaml", "b.yaml", "--to", "out", "--json", code=1)
    assert [one["file"] for one in ran.json["letters"]] == ["a.yaml"] * 2
    (invalid,) = ran.json["invalid"]
    assert invalid["file"] == "b.yaml"
    assert {p["code"] for p in invalid["problems"]} == {"mobile.shared"}


def test_missing_papers_forbid_no_letter(call: Call) -> None:
    bare = re.sub(r"(?ms)^materials:.*?\n(?=contact:)", "", EXAMPLE)
    Path("b.yaml").write_text(bare, encoding="utf-8")
    call("letters", "b.yaml", "--to", "out", code=0)


def test_one_mini_program_twice(call: Call) -> None:
    Path("b.yaml").write_text(EXAMPLE, encoding="utf-8")
    ran = call("letters", "a.yaml", "b.yaml", "--to", "out", "--json", code=1)
    assert [p["code"] for p in ran.json["invalid"][0]["problems"]] == ["letter.same_appid"]


def test_a_character_that_the_font_lacks(call: Call) -> None:
    Path("a.yaml").write_text(EXAMPLE.replace("王芳", "王𬎆"), encoding="utf-8")
    ran = call("letters", "a.yaml", "--to", "out", code=1)
    assert "𬎆(U+2C386)" in ran.out
    assert "--font" in ran.out
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("font", "told"), [("a.yaml", "not a TrueType font"), ("no.ttf", "cannot be read")]
)
def test_a_font_that_cannot_be_used(call: Call, font: str, told: str) -> None:
    ran = call("letters", "a.yaml", "--to", "out", "--font", font, code=2)
    assert told in ran.err


def test_a_folder_that_is_none(call: Call) -> None:
    ran = call("letters", "a.yaml", "--to", "a.yaml", code=2)
    assert "--to a.yaml: cannot write there" in ran.err
