"""`check --materials`: the list before papers are collected, and while they are."""

import re
from pathlib import Path

from tests.commands.conftest import EXAMPLE, PERSONAL, Call

BARE = re.sub(r"(?ms)^materials:.*?\n(?=contact:)", "", EXAMPLE)
"""The example before any paper is there."""
assert "materials:" not in BARE


def test_what_is_needed_before_anything_is_there(call: Call) -> None:
    Path("a.yaml").write_text(BARE, encoding="utf-8")
    shown = call("check", "--materials", "a.yaml", code=0)
    assert "a.yaml  新增备案·企业·江苏省" in shown.out
    (licence,) = (row for row in shown.out.splitlines() if "主办单位证件 " in row)
    for told in ("必需", "单位须提供", "营业执照", "官方", "✗"):
        assert told in licence
    assert "主体负责人证件(国徽面)" in shown.out
    assert "PNG、JPG(JPEG) 图片,不超过 2 MB,不小于 720×1280 像素" in shown.out
    assert "还缺必需材料 5 项" in shown.out
    assert shown.out.count("\n  - {type: ") == 5
    assert "  - {type: subject_principal_certificate, side: back, file: …}\n" in shown.out


def test_what_is_there_already(call: Call) -> None:
    Path("a.yaml").write_text(EXAMPLE.replace("li-ming-back", "gone"), encoding="utf-8")
    shown = call("check", "--materials", "a.yaml", code=0)
    assert "✓ materials/li-ming-front.png" in shown.out
    assert "✗ 找不到或无法读取:materials/gone.png" in shown.out
    assert "还缺必需材料 1 项" in shown.out
    Path("a.yaml").write_text(EXAMPLE, encoding="utf-8")
    assert "必需材料已齐" in call("check", "--materials", "a.yaml", code=0).out


def test_the_list_as_json(call: Call) -> None:
    Path("a.yaml").write_text(EXAMPLE.replace("li-ming-back", "gone"), encoding="utf-8")
    Path("b.yaml").write_text("kind: new\n", encoding="utf-8")
    ran = call("check", "--materials", "a.yaml", "b.yaml", "--json", code=1)
    first, second = ran.json
    assert (first["file"], first["problems"]) == ("a.yaml", [])
    rows = {(m["type"], m["side"]): m for m in first["materials"]}
    licence = rows["subject_certificate", None]
    assert licence["need"] == "required"
    assert licence["provided"] == ["materials/new-organisation-certificate.png"]
    assert licence["image"]["least_sides"] == [720, 1280]
    assert {"why", "source", "mark", "form", "label", "met_by"} <= licence.keys()
    back = rows["subject_principal_certificate", "back"]
    assert (back["provided"], back["unusable"]) == ([], ["materials/gone.png"])
    assert rows["service_commitment", None]["signed_within_months"] == 1
    assert second["materials"] == []
    assert second["problems"]
    assert not any(number in ran.out for number in PERSONAL)
