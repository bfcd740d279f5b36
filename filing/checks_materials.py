"""Checks of the papers: which must be there, which nobody asked for, and how they are named.

What is asked for is `filing.materials`; what the files are is checked in `filing.checks_files`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import PureWindowsPath

from filing.application import Application, Material
from filing.checks_files import check_files
from filing.files import FileFacts
from filing.findings import months_after, problem
from filing.material_rules import material_rules
from filing.materials import (
    PRINCIPALS_PAPERS,
    Asked,
    Requirement,
    asked_for,
    principal_of,
)
from filing.problems import Problem
from filing.vocabulary import (
    MATERIAL_LABELS,
    PRE_APPROVALS,
    CertificateType,
    MaterialType,
)

_MISSING = {
    MaterialType.SUBJECT_CERTIFICATE: "material.missing_subject_certificate",
    MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE: "material.missing_subject_principal_certificate",
    MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE: (
        "material.missing_mini_program_principal_certificate"
    ),
    MaterialType.AUTHORISATION_LETTER: "material.missing_authorisation_letter",
    MaterialType.OTHER: "material.missing",
}
"""Codes, by what is lacking; the last for any other paper that a rule requires."""

_Held = Sequence[tuple[MaterialType, str | None]]
"""Type and side of each paper that is there."""

ONE_A_PLACE = frozenset({*PRINCIPALS_PAPERS, MaterialType.SUBJECT_CERTIFICATE})
"""One photo a place [O WXJ]: which of two would be sent must not be left to chance."""


def check_materials(
    application: Application, files: Mapping[str, FileFacts] | None, today: date
) -> Iterator[Problem]:
    """Which papers are there; and, where the files were looked at, what these are."""
    materials = application.materials
    asked = asked_for(application, today)
    held = [(material.type, material.side) for material in materials]
    if not asked.places.issubset(held):  # mostly none lacks, which is soon seen
        yield from _lacking(asked, materials)
    yield from _too_many(asked, held)
    for i, material in enumerate(materials):
        path, (kind, side) = f"materials.{i}", held[i]
        if not stays_in_folder(material.file):
            message = f"{MATERIAL_LABELS[kind]}的文件路径不正确"
            fix = "请填写相对于申请文件的路径,不含 .."
            yield problem(f"{path}.file", "file.bad_path", message, fix)
        if side is None and kind in PRINCIPALS_PAPERS:
            yield from _no_side(path, material, application)
        if kind is MaterialType.PRE_APPROVAL:
            yield from _category(path, material, application)
        signed_on = material.signed_on
        if signed_on is not None:
            yield from _age(path, material, signed_on, today)
        if kind not in asked.types:
            yield from _superfluous(path, material, application)
    if len(set(held)) < len(held):
        yield from _twice(held)
    if files is not None:
        yield from check_files(application, files)


def _lacking(asked: Asked, materials: tuple[Material, ...]) -> Iterator[Problem]:
    """A paper that is asked for and not there: an error where it is required, a warning where it
    depends on something that the application does not tell. Those of pre-approvals are told with
    their articles, by `filing.pre_approvals`."""
    for one in asked.demanded:
        for material in materials:
            if one.met(material):
                break
        else:
            yield _lack(one)


def _lack(one: Requirement) -> Problem:
    fix = f"请在 materials 中加入 {one.entry}"
    if one.need == "required":
        message = f"缺少{one.label}:{one.why}"
        known = one.type if one.type in _MISSING else MaterialType.OTHER
        return problem("materials", _MISSING[known], message, fix)
    message, fix = f"可能需要{one.label}:{one.why}", f"{fix};{one.form}"
    residence = one.type is MaterialType.RESIDENCE_PERMIT
    usual = "material.residence_permit" if residence else "material.may_be_needed"
    given = "material.depends_on_change" if one.change_unknown else usual
    return problem("materials", given, message, fix)


def _too_many(asked: Asked, held: _Held) -> Iterator[Problem]:
    most_of_all = material_rules().most_materials
    if len(held) > most_of_all:
        fix = f"最多 {most_of_all} 份"
        yield problem("materials", "material.too_many", "材料过多", fix)
        return
    kinds = [kind for kind, _ in held if kind not in ONE_A_PLACE]
    if len(set(kinds)) == len(kinds):
        return  # one of each is always taken
    for kind, count in Counter(kinds).items():
        if count > asked.most.get(kind, count):
            message = f"{MATERIAL_LABELS[kind]}有 {count} 份,备案系统最多接收 {asked.most[kind]} 份"
            fix = "多页请拼成一张图片,多余的请删除"
            yield problem("materials", "material.more_than_taken", message, fix)


_PLAIN_PATH = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*")


def stays_in_folder(name: str) -> bool:
    """Whether a file's name is a path within the application's folder, on any system."""
    if _PLAIN_PATH.fullmatch(name):  # most are, and then there is nothing to take apart
        return True
    windows = PureWindowsPath(name)  # takes both kinds of slash, and drives
    leaves = windows.is_absolute() or windows.root or windows.drive or ".." in windows.parts
    return bool(name) and not leaves


def _no_side(path: str, material: Material, application: Application) -> Iterator[Problem]:
    """An identity card has two; other papers of a person are one page."""
    person = principal_of(application, PRINCIPALS_PAPERS[material.type])
    if person.certificate.type is CertificateType.RESIDENT_ID:
        message = f"{MATERIAL_LABELS[material.type]}未注明正反面"
        fix = "请填写 side: front(人像面)或 side: back(国徽面)"
        yield problem(f"{path}.side", "material.no_side", message, fix)


def _category(path: str, material: Material, application: Application) -> Iterator[Problem]:
    listed = {a.category for a in application.mini_program.pre_approvals or ()}
    if material.category is None:
        message, fix = "前置审批材料未注明类别", "请填写 category,与 pre_approvals 中的一致"
        yield problem(f"{path}.category", "material.no_category", message, fix)
    elif material.category not in listed:
        message = "前置审批材料的类别未在 pre_approvals 中填写"
        fix = "请在 pre_approvals 中补充该项,或删除这份材料"
        yield problem(f"{path}.category", "material.unlisted_category", message, fix)


def _age(path: str, material: Material, signed_on: date, today: date) -> Iterator[Problem]:
    """How old a letter is [O WX-MAT]."""
    label, months = MATERIAL_LABELS[material.type], material_rules().letter_months
    if signed_on > today:
        message = f"{label}的签署日期在将来"
        yield problem(f"{path}.signed_on", "letter.future", message, "请核对签署日期")
    elif months_after(signed_on, months) <= today:
        message = f"{label}的签署日期已满 {months} 个月"
        yield problem(f"{path}.signed_on", "letter.too_old", message, "请重新签署")


def _superfluous(path: str, material: Material, application: Application) -> Iterator[Problem]:
    """A paper that nobody asked for may show somebody's data to people who need not see it."""
    if material.type is MaterialType.PRE_APPROVAL:
        declared = {a.category for a in application.mini_program.pre_approvals or ()}
        if material.category not in declared & PRE_APPROVALS.keys():
            return  # told by its category
    message = f"本备案不需要{MATERIAL_LABELS[material.type]}"
    fix = "请删除这份材料;若用于说明其他情况,请改为 type: other"
    yield problem(f"{path}.type", "material.superfluous", message, fix)


def _twice(held: _Held) -> Iterator[Problem]:
    seen: set[tuple[MaterialType, str | None]] = set()
    for i, place in enumerate(held):
        kind, _ = place
        if kind in ONE_A_PLACE and place in seen:
            message = f"{MATERIAL_LABELS[kind]}重复"
            fix = "同一证件的同一面只保留一份"
            yield problem(f"materials.{i}", "material.duplicate", message, fix)
        seen.add(place)
