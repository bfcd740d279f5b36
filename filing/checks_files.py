"""Checks of what the materials' files are: read outside `filing/`, passed in as facts."""

from collections.abc import Iterator, Mapping

from filing.application import Application, Material
from filing.checks_people import same_person
from filing.files import FileFacts
from filing.findings import problem
from filing.material_rules import Image, material_rules
from filing.materials import PRINCIPALS_PAPERS
from filing.problems import Problem
from filing.vocabulary import MATERIAL_LABELS, MaterialType

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


def check_files(application: Application, files: Mapping[str, FileFacts]) -> Iterator[Problem]:
    """Each file by itself, then all of them against each other."""
    image = material_rules().image
    contents = []
    for i, material in enumerate(application.materials):
        facts = files.get(material.file)
        if facts is None:
            facts = FileFacts(file=material.file, problem="missing")
        else:
            contents.append(facts.sha256)
        yield from _file(f"materials.{i}.file", material, facts, image)
    if len(set(contents)) < len(contents):  # both below are about one content in two places
        yield from _same_content(application, files)
        yield from _copies(application, files)


def _file(path: str, material: Material, facts: FileFacts, image: Image) -> Iterator[Problem]:
    label = MATERIAL_LABELS[material.type]
    if facts.problem is not None:
        unknown = ("文件无法使用", "请重新提供文件")
        message, fix = _FILE_PROBLEMS.get(facts.problem, unknown)
        known = facts.problem if facts.problem in _FILE_PROBLEMS else ""
        yield problem(path, _FILE_CODES[known], f"{label}:{message}", fix)
        return
    taken = facts.media_type in image.media_types
    if not taken:
        message = f"{label}不是 PNG 或 JPEG 图片"
        fix = _CONVERSIONS.get(
            facts.media_type or "", "请导出为 PNG 或 JPEG(按内容判断,不看扩展名)"
        )
        yield problem(path, "file.wrong_media_type", message, fix)
    if (facts.size or 0) > image.most_bytes:
        megabytes = f"{image.most_bytes / 1024 / 1024:g} MB"
        message, fix = f"{label}的图片超过 {megabytes}", f"请压缩到 {megabytes} 以内"
        yield problem(path, "file.too_large", message, fix)
    width, height = facts.width, facts.height
    if width is not None and height is not None:
        shorter, longer = image.least_sides
        if min(width, height) < shorter or max(width, height) < longer:
            message = f"{label}的图片过小({width}×{height})"
            fix = f"请提供不小于 {shorter}×{longer} 像素的图片"
            yield problem(path, "file.too_small", message, fix)
    elif taken:
        fix = "请重新导出为 PNG、JPEG"
        yield problem(path, "file.unreadable", f"{label}的图片无法解码", fix)
    sha256 = material.sha256
    if sha256 is not None and sha256 != facts.sha256:
        message = f"{label}的文件内容与申请中的 sha256 不一致"
        fix = "文件已被改动:请删除 sha256,或恢复原文件"
        yield problem(path.removesuffix("file") + "sha256", "file.changed", message, fix)


def _same_content(application: Application, files: Mapping[str, FileFacts]) -> Iterator[Problem]:
    """One picture cannot show two persons' papers, nor both sides of a card."""
    apart = not same_person(application.subject.principal, application.mini_program.principal)
    seen: dict[str, Material] = {}
    for i, material in enumerate(application.materials):
        facts = files.get(material.file)
        if material.type not in PRINCIPALS_PAPERS or facts is None or facts.sha256 is None:
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


def _copies(application: Application, files: Mapping[str, FileFacts]) -> Iterator[Problem]:
    """The same content twice as the same paper, where several are taken."""
    seen: set[tuple[MaterialType, str | None, str | None, str]] = set()
    for i, material in enumerate(application.materials):
        facts = files.get(material.file)
        if facts is None or facts.sha256 is None or material.type in PRINCIPALS_PAPERS:
            continue
        place = (material.type, material.category, material.person, facts.sha256)
        if place in seen:
            message = f"{MATERIAL_LABELS[material.type]}中有两份内容完全相同"
            yield problem(f"materials.{i}.file", "file.copy", message, "请删除其中一份")
        seen.add(place)
