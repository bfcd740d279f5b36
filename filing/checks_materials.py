"""Checks of the papers: which must be there, and what their files must be."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import PureWindowsPath
from typing import Literal

from filing.application import Application, Material, Person
from filing.checks_people import same_person
from filing.files import FileFacts
from filing.findings import months_after, problem
from filing.problems import Problem
from filing.vocabulary import (
    CANCELLATIONS,
    MATERIAL_LABELS,
    ApplicantType,
    CertificateType,
    MaterialType,
)

MOST_MATERIALS = 60
"""A bound of ours; the API's own (subject_other 10, applets_other 10, the rest 1 each) is lower."""

LETTER_MONTHS = 1
"""A letter is signed on the day or less than this ago [O WX-MAT]."""

MEDIA_TYPES = frozenset({"image/png", "image/jpeg"})
"""JPG, JPEG or PNG [O WX-MAT]; the upload takes images only [O WX-API/uploadicpmedia]."""

MOST_BYTES = 2 * 1024 * 1024
"""[O WX-HOWTO]"""

LEAST_SIDES = (720, 1280)
"""Pixels of the shorter and the longer side, either way up [O WX-HOWTO]."""

_PRINCIPALS_PAPERS = (
    (MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE, "subject.principal"),
    (MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE, "mini_program.principal"),
)

_MISSING = {
    MaterialType.SUBJECT_CERTIFICATE: "material.missing_subject_certificate",
    MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE: "material.missing_subject_principal_certificate",
    MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE: (
        "material.missing_mini_program_principal_certificate"
    ),
    MaterialType.PRE_APPROVAL: "material.missing_pre_approval",
    MaterialType.AUTHORISATION_LETTER: "material.missing_authorisation_letter",
}
"""Codes, by what is lacking."""

_FILE_CODES = {
    "missing": "file.missing",
    "not_a_file": "file.not_a_file",
    "outside_folder": "file.outside_folder",
    "too_large": "file.too_large",
    "empty": "file.empty",
    "too_many_pixels": "file.too_many_pixels",
    "animated": "file.animated",
    "changing": "file.changing",
    "unreadable": "file.unreadable",
    "": "file.unusable",
}
"""Codes, by what `FileFacts.problem` says; the last for anything else."""

_FILE_PROBLEMS = {
    "missing": ("找不到文件", "请检查文件名与路径,路径相对于申请文件"),
    "not_a_file": ("不是普通文件", "请指向图片文件,而不是文件夹"),
    "outside_folder": ("文件在申请文件所在的文件夹之外", "请把文件放入该文件夹,不要用链接"),
    "too_large": ("文件过大,未读取", "请压缩到 2 MB 以内"),
    "empty": ("文件为空", "请重新导出或拍摄"),
    "too_many_pixels": ("图片像素过多,未打开", "请缩小图片,例如长边不超过 6000 像素"),
    "animated": ("图片是动图", "请改用一张静止的图片"),
    "changing": ("文件在读取时发生了变化", "请待文件写入或上传完成后重试"),
    "unreadable": ("文件无法读取", "请检查权限,或重新导出为 PNG、JPEG"),
}

_CONVERSIONS = {
    "application/pdf": "请将每页另存或打印为 PNG、JPEG 图片后上传(接口只接收图片,不接收 PDF)",
    "image/heic": "请导出为 JPEG;iPhone 可在“设置-相机-格式”中选择“兼容性最佳”",
    "image/gif": "请另存为 PNG",
    "image/webp": "请另存为 PNG 或 JPEG",
    "video/mp4": "请改用照片",
}
"""By what the file is: how it becomes a picture that the upload takes [O WX-API/uploadicpmedia]."""


def check_materials(
    application: Application, files: Mapping[str, FileFacts] | None, today: date
) -> Iterator[Problem]:
    """Which papers are there; and, where the files were looked at, what these are."""
    materials = application.materials
    if len(materials) > MOST_MATERIALS:
        fix = f"最多 {MOST_MATERIALS} 份"
        yield problem("materials", "material.too_many", "材料过多", fix)
    if application.kind not in CANCELLATIONS:
        yield from _required(application)
    for i, material in enumerate(materials):
        yield from _form(f"materials.{i}", material, application, today)
    yield from _twice(materials)
    if files is not None:
        for i, material in enumerate(materials):
            facts = files.get(material.file) or FileFacts(file=material.file, problem="missing")
            yield from _file(f"materials.{i}", material, facts)
        yield from _same_content(application, files)


def _required(application: Application) -> Iterator[Problem]:
    subject, program = application.subject, application.mini_program
    held = application.materials
    types = {m.type for m in held}
    organisation = subject.type is not ApplicantType.INDIVIDUAL
    # the photo is required unless the subject is an individual [O WXJ organize_info]
    if organisation and MaterialType.SUBJECT_CERTIFICATE not in types:
        yield _lacking(MaterialType.SUBJECT_CERTIFICATE)
    yield from _identity_papers(held, MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE, subject.principal)
    if not same_person(subject.principal, program.principal):
        yield from _identity_papers(
            held, MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE, program.principal
        )
    legal = subject.legal_representative
    delegated = organisation and legal is not None and not same_person(legal, subject.principal)
    if delegated and MaterialType.AUTHORISATION_LETTER not in types:  # [O WXJ]
        yield _lacking(MaterialType.AUTHORISATION_LETTER, ":主体负责人不是法定代表人")


def _identity_papers(
    held: tuple[Material, ...], kind: MaterialType, person: Person
) -> Iterator[Problem]:
    """Front and back of an identity card, one page of a passport [O WXJ principal_info]."""
    papers = [m for m in held if m.type is kind]
    if person.certificate.type is not CertificateType.RESIDENT_ID:
        if not papers:
            yield _lacking(kind)
        return
    sides: tuple[tuple[Literal["front", "back"], str], ...] = (
        ("front", "人像面"),
        ("back", "国徽面"),
    )
    for side, label in sides:
        if all(m.side != side for m in papers):
            yield _lacking(kind, f"({label})", f", side: {side}")


def _lacking(kind: MaterialType, which: str = "", keys: str = "") -> Problem:
    message = f"缺少{MATERIAL_LABELS[kind]}{which}"
    fix = f"请在 materials 中加入 {{type: {kind.value}{keys}, file: …}}"
    return problem("materials", _MISSING[kind], message, fix)


def _form(
    path: str, material: Material, application: Application, today: date
) -> Iterator[Problem]:
    label, name = MATERIAL_LABELS[material.type], material.file
    windows = PureWindowsPath(name)  # takes both kinds of slash, and drives
    if not name or windows.is_absolute() or windows.root or windows.drive or ".." in windows.parts:
        fix = "请填写相对于申请文件的路径,不含 .."
        yield problem(f"{path}.file", "file.bad_path", f"{label}的文件路径不正确", fix)
    for kind, where in _PRINCIPALS_PAPERS:
        person = (
            application.subject.principal
            if where == "subject.principal"
            else application.mini_program.principal
        )
        resident = person.certificate.type is CertificateType.RESIDENT_ID
        if material.type is kind and resident and material.side is None:
            fix = "请填写 side: front(人像面)或 side: back(国徽面)"
            yield problem(f"{path}.side", "material.no_side", f"{label}未注明正反面", fix)
    if material.type is MaterialType.PRE_APPROVAL:
        listed = {a.category for a in application.mini_program.pre_approvals or ()}
        if material.category is None:
            message, fix = "前置审批材料未注明类别", "请填写 category,与 pre_approvals 中的一致"
            yield problem(f"{path}.category", "material.no_category", message, fix)
        elif material.category not in listed:
            message = "前置审批材料的类别未在 pre_approvals 中填写"
            fix = "请在 pre_approvals 中补充该项,或删除这份材料"
            yield problem(f"{path}.category", "material.unlisted_category", message, fix)
    if material.signed_on is not None:
        if material.signed_on > today:
            message = f"{label}的签署日期在将来"
            yield problem(f"{path}.signed_on", "letter.future", message, "请核对签署日期")
        elif months_after(material.signed_on, LETTER_MONTHS) <= today:
            message = f"{label}的签署日期已满 {LETTER_MONTHS} 个月"
            yield problem(f"{path}.signed_on", "letter.too_old", message, "请重新签署")


def _twice(materials: tuple[Material, ...]) -> Iterator[Problem]:
    """One photo a place [O WXJ]: which of two would be sent must not be left to chance."""
    single = {kind for kind, _ in _PRINCIPALS_PAPERS} | {MaterialType.SUBJECT_CERTIFICATE}
    seen: set[tuple[MaterialType, str | None]] = set()
    for i, material in enumerate(materials):
        place = (material.type, material.side)
        if material.type in single and place in seen:
            message = f"{MATERIAL_LABELS[material.type]}重复"
            fix = "同一证件的同一面只保留一份"
            yield problem(f"materials.{i}", "material.duplicate", message, fix)
        seen.add(place)


def _file(path: str, material: Material, facts: FileFacts) -> Iterator[Problem]:
    label, path = MATERIAL_LABELS[material.type], f"{path}.file"
    if facts.problem is not None:
        unknown = ("文件无法使用", "请重新提供文件")
        message, fix = _FILE_PROBLEMS.get(facts.problem, unknown)
        known = facts.problem if facts.problem in _FILE_PROBLEMS else ""
        yield problem(path, _FILE_CODES[known], f"{label}:{message}", fix)
        return
    if facts.media_type not in MEDIA_TYPES:
        message = f"{label}不是 PNG 或 JPEG 图片"
        fix = _CONVERSIONS.get(
            facts.media_type or "", "请导出为 PNG 或 JPEG(按内容判断,不看扩展名)"
        )
        yield problem(path, "file.wrong_media_type", message, fix)
    if facts.size is not None and facts.size > MOST_BYTES:
        message, fix = f"{label}的图片超过 2 MB", "请压缩到 2 MB 以内"
        yield problem(path, "file.too_large", message, fix)
    if facts.width is not None and facts.height is not None:
        shorter, longer = sorted((facts.width, facts.height))
        if shorter < LEAST_SIDES[0] or longer < LEAST_SIDES[1]:
            message = f"{label}的图片过小({facts.width}×{facts.height})"
            fix = f"请提供不小于 {LEAST_SIDES[0]}×{LEAST_SIDES[1]} 像素的图片"
            yield problem(path, "file.too_small", message, fix)
    elif facts.media_type in MEDIA_TYPES:
        fix = "请重新导出为 PNG、JPEG"
        yield problem(path, "file.unreadable", f"{label}的图片无法解码", fix)
    if material.sha256 is not None and material.sha256 != facts.sha256:
        message = f"{label}的文件内容与申请中的 sha256 不一致"
        fix = "文件已被改动:请删除 sha256,或恢复原文件"
        yield problem(path.removesuffix("file") + "sha256", "file.changed", message, fix)


def _same_content(application: Application, files: Mapping[str, FileFacts]) -> Iterator[Problem]:
    """One picture cannot show two persons' papers, nor both sides of a card."""
    apart = not same_person(application.subject.principal, application.mini_program.principal)
    kinds = {kind for kind, _ in _PRINCIPALS_PAPERS}
    seen: dict[str, Material] = {}
    for i, material in enumerate(application.materials):
        facts = files.get(material.file)
        if material.type not in kinds or facts is None or facts.sha256 is None:
            continue
        earlier = seen.setdefault(facts.sha256, material)
        if earlier is material:
            continue
        path, fix = f"materials.{i}.file", "请提供各自的证件图片"
        if earlier.type is not material.type and apart:
            message = "两位负责人不是同一人,证件图片却是同一个文件"
            yield problem(path, "file.shared_by_persons", message, fix)
        elif earlier.side != material.side:
            message = "证件的正面与反面是同一个图片"
            yield problem(path, "file.shared_by_sides", message, "请分别提供人像面与国徽面")
