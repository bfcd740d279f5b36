"""The list of papers that an application needs (`check --materials`)."""

from datetime import date
from typing import Any

import typer

from commands.console import Exit, line, print_json, print_problems, print_table
from filing.application import Application
from filing.material_rules import NEED_LABELS, material_rules
from filing.materials import demands, image_demands
from filing.vocabulary import APPLICANT_LABELS, KIND_LABELS
from operations.applications import Examined, examine_files
from operations.papers import ListedMaterial, list_materials

MARK_LABELS = {
    "O": "官方",
    "V": "厂商文档",
    "SEED": "备案指南",
    "S": "转述",
    "UNVERIFIED": "未证实",
}

_NEED_STYLES = {"required": "bold", "conditional": "yellow", "optional": "dim"}


def show_materials(files: list[str], today: date, json_: bool) -> None:
    """Print the list of each application; exit code 1 where one could not be read."""
    lists = [(one, list_materials(one, today)) for one in examine_files(files, today)]
    if json_:
        print_json([_as_json(*one) for one in lists])
    else:
        for one in lists:
            _print_list(*one)
    if any(examined.application is None for examined, _ in lists):
        raise typer.Exit(Exit.NO)


def _as_json(examined: Examined, listed: tuple[ListedMaterial, ...]) -> dict[str, Any]:
    unread = () if examined.application else examined.problems
    return {
        "file": examined.document.name,
        "problems": unread,
        "materials": [
            {
                **one.requirement.model_dump(mode="json"),
                "label": one.requirement.label,
                "need_label": NEED_LABELS[one.requirement.need],
                "demands": demands(one.requirement),
                "provided": one.provided,
                "unusable": one.unusable,
            }
            for one in listed
        ],
    }


def _print_list(examined: Examined, listed: tuple[ListedMaterial, ...]) -> None:
    application = examined.application
    if application is None:
        line(("✗ unreadable", "red"), f"  {examined.document.name}")
        print_problems(examined.problems)
        return
    line((f"{examined.document.name}  {_title(application)}", "bold"))
    print_table(
        ("材料", "是否需要", "为什么", "要求", "来源/可信度", "已提供"),
        [_row(one) for one in listed],
    )
    line(f"所有图片:{image_demands(material_rules().image)}")
    if any(one.requirement.template for one in listed):
        line(
            "标有 * 的可以生成:starter.py letters 写出 PDF,打印、签署后拍照或扫描成图片,"
            "再填入 materials"
        )
    lacking = [one.requirement for one in listed if _lacks(one)]
    if not lacking:
        line(("必需材料已齐", "green"), ":是否合格,见 starter.py check")
        return
    line((f"还缺必需材料 {len(lacking)} 项", "red"), ",收齐后填入申请的 materials:")
    for asked in lacking:
        line(f"  - {asked.entry}")


def _lacks(one: ListedMaterial) -> bool:
    return one.requirement.need == "required" and not one.provided


def _title(application: Application) -> str:
    subject = application.subject
    return f"{KIND_LABELS[application.kind]}·{APPLICANT_LABELS[subject.type]}·{subject.province}"


def _row(one: ListedMaterial) -> list[str | tuple[str, str]]:
    asked = one.requirement
    style = _NEED_STYLES[asked.need]
    return [
        f"{asked.label}{' *' if asked.template else ''}",
        (NEED_LABELS[asked.need], style),
        asked.why,
        demands(asked),
        f"{asked.source}({MARK_LABELS[asked.mark]})",
        _provided(one),
    ]


def _provided(one: ListedMaterial) -> str | tuple[str, str]:
    if one.provided:
        return ("✓ " + "、".join(one.provided), "green")
    if one.unusable:
        return ("✗ 找不到或无法读取:" + "、".join(one.unusable), "red")
    return ("✗", "red") if _lacks(one) else "—"
