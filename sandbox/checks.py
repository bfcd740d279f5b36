"""What the sandbox demands of an application (reference section 2), as `hints[]`."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.faces import Faces
from sandbox.lists import (
    CERTIFICATE_TYPES,
    INDIVIDUAL,
    NO_PRE_APPROVAL,
    NRLX_TYPES,
    SERVICE_CONTENT_TYPES,
    SUBJECT_TYPES,
    areas,
)
from sandbox.orders import ABSENT, ABSENT_FAMILY, NO_CATEGORY, NO_INFO, Media, Order, Orders

INVALID, BAD_MEDIA, UNREADABLE = 40097, 86205, 86328
EXPIRED, NOT_FOUND, CLOSED = 1, 86328, 86301
"""Hint codes: the reference names few, so a value that does not fit is 40097, invalid arguments."""

LONG_TERM = "长期"
SINGLE_MATERIALS = (
    "commitment_letter",
    "business_name_change_letter",
    "party_building_confirmation_letter",
    "promise_video",
    "authenticity_responsibility_letter",
    "authenticity_commitment_letter",
    "website_construction_proposal",
    "holding_certificate_photo",
)
MATERIAL_LIMITS = dict.fromkeys(SINGLE_MATERIALS, 1) | {
    "subject_other_materials": 10,
    "applets_other_materials": 10,
}

_PRINCIPAL_REQUIRED = (
    "name",
    "mobile",
    "email",
    "emergency_contact",
    "certificate_number",
    "certificate_validity_date_start",
    "certificate_validity_date_end",
)
_PRINCIPAL_KEYS = {
    *_PRINCIPAL_REQUIRED,
    *("certificate_type", "certificate_photo_front", "certificate_photo_back"),
    *("authorization_letter", "verify_task_id"),
}


VIDEO_FIELD = "promise_video"
_PRINCIPAL_MEDIA = ("certificate_photo_front", "certificate_photo_back", "authorization_letter")
MEDIA_FIELDS = frozenset(
    {
        "icp_subject.personal_info.residence_permit",
        "icp_subject.organize_info.certificate_photo",
        *(f"icp_subject.principal_info.{name}" for name in _PRINCIPAL_MEDIA),
        "icp_applets.base_info.nrlx_details.media",
        *(f"icp_applets.principal_info.{name}" for name in _PRINCIPAL_MEDIA),
        *(f"icp_materials.{name}" for name in MATERIAL_LIMITS),
    }
)
"""Where a file may go. How the place of one in a list is written was not found."""
_IN_LIST = re.compile(r"\.\d+(?=\.|$)|\[\d+\]")


def media_field(order_field: str) -> str | None:
    """The field that an upload names, without places in lists; None where there is no such field."""
    plain = _IN_LIST.sub("", order_field)
    return plain if plain in MEDIA_FIELDS else None


def is_certificate(order_field: str) -> bool:
    """Whether a file for this field is a certificate, for which `certificate_type` is required."""
    return "certificate_photo" in order_field and "holding" not in order_field


def hints(
    body: Mapping[str, Any], media: Mapping[str, Media], *, filed: bool = False
) -> list[dict[str, Any]]:
    """Everything that is wrong with an application, `media` being what its appid has uploaded.
    Of what is `filed` already the papers are there: only new ones need be sent."""
    check = _Check(media, filed)
    check.application(body)
    return check.found


def application_hints(
    body: Mapping[str, Any], order: Order, orders: Orders, faces: Faces
) -> list[dict[str, Any]]:
    """Everything for which an application for `order` is not taken."""
    found = hints(body, orders.media(order.appid), filed=order.number is not None)
    found += face_hints(body, order, faces)
    if not order.available:
        found.append({"errcode": CLOSED, "errmsg": "备案入口未开放", "err_field": ""})
    if order.status in ABSENT_FAMILY:
        lacking = order.status - ABSENT
        texts = ((NO_INFO, "小程序信息未填"), (NO_CATEGORY, "小程序类目未填"))
        found += [
            {"errcode": INVALID, "errmsg": text, "err_field": ""}
            for bit, text in texts
            if lacking & bit
        ]
    return found


def face_hints(body: Mapping[str, Any], order: Order, faces: Faces) -> list[dict[str, Any]]:
    """What is wrong with the face check that an application names, or does not name: it belongs to
    the mini program's principal only, and has to be one of this mini program that has passed. Of
    what is filed already none is demanded: whoever answers for it was checked when it was filed."""
    found: list[dict[str, Any]] = []

    def add(part: str, text: str, code: int) -> None:
        field = f"{part}.principal_info.verify_task_id"
        found.append({"errcode": code, "errmsg": text, "err_field": field})

    def named(part: str) -> Any:
        half = body.get(part)
        person = half.get("principal_info") if isinstance(half, dict) else None
        return person.get("verify_task_id") if isinstance(person, dict) else None

    if named("icp_subject") is not None:
        add("icp_subject", "主体负责人不填人脸核身任务", INVALID)
    task_id = named("icp_applets")
    if task_id is None:
        if faces.demanded and order.number is None:
            add("icp_applets", "必填,请先完成人脸核身", INVALID)
        return found
    task = faces.find(task_id) if isinstance(task_id, str) else None
    if task is None or task.appid != order.appid:
        add("icp_applets", "人脸核身任务不存在", NOT_FOUND)
    elif task.expired:
        add("icp_applets", "人脸核身任务已过期", EXPIRED)
    elif not task.passed:
        add("icp_applets", "人脸核身未通过", INVALID)
    return found


class _Check:
    def __init__(self, media: Mapping[str, Media], filed: bool) -> None:
        self._media = media
        self._filed = filed
        self.found: list[dict[str, Any]] = []

    def add(self, field: str, text: str, code: int = INVALID) -> None:
        self.found.append({"errcode": code, "errmsg": text, "err_field": field})

    def application(self, body: Mapping[str, Any]) -> None:
        self.keys(body, "", {"icp_subject", "icp_applets", "icp_materials"})
        subject = self.object(body, "icp_subject", required=True)
        applets = self.object(body, "icp_applets", required=True)
        materials = self.object(body, "icp_materials", required=True)
        if subject is not None:
            self.subject(subject)
        if applets is not None:
            self.applets(applets)
        if materials is not None:
            self.materials(materials)

    # Shapes

    def keys(self, value: Mapping[str, Any], path: str, allowed: set[str]) -> None:
        for key in sorted(set(value) - allowed):
            self.add(f"{path}.{key}".lstrip("."), "没有这个字段")

    def object(
        self, parent: Mapping[str, Any], path: str, *, required: bool
    ) -> dict[str, Any] | None:
        value = parent.get(path.rpartition(".")[2])
        if isinstance(value, dict):
            return value
        if required or value is not None:
            self.add(path, "必填,且应为对象")
        return None

    def text(self, parent: Mapping[str, Any], path: str) -> str | None:
        value = parent.get(path.rpartition(".")[2])
        if isinstance(value, str) and value.strip():
            return value
        self.add(path, "必填,且应为非空字符串")
        return None

    def optional_text(self, parent: Mapping[str, Any], path: str) -> None:
        value = parent.get(path.rpartition(".")[2])
        if value is not None and not isinstance(value, str):
            self.add(path, "应为字符串")

    def identifier(self, parent: Mapping[str, Any], path: str) -> int | None:
        value = parent.get(path.rpartition(".")[2])
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.add(path, "必填,且应为数字")
        return None

    def paper(
        self,
        parent: Mapping[str, Any],
        path: str,
        *,
        required: bool,
        certificate_type: int | None = None,
        kind: str = "image",
    ) -> None:
        value = parent.get(path.rpartition(".")[2])
        if value is None:
            if required and not self._filed:
                self.add(path, "必填,请上传材料")
            return
        known = self._media.get(value) if isinstance(value, str) else None
        if known is None:
            self.add(path, "media_id 无效", BAD_MEDIA)
        elif known.kind != kind:
            self.add(path, "应为视频" if kind == "video" else "应为图片", BAD_MEDIA)
        elif certificate_type is not None and known.certificate_type != certificate_type:
            self.add(path, "未能识别图片中的文字", UNREADABLE)

    # Parts

    def subject(self, subject: Mapping[str, Any]) -> None:
        self.keys(
            subject,
            "icp_subject",
            {"base_info", "personal_info", "organize_info", "principal_info", "legal_person_info"},
        )
        kind: int | None = None
        if (base := self.object(subject, "icp_subject.base_info", required=True)) is not None:
            kind = self.base_info(base)
        if (
            personal := self.object(subject, "icp_subject.personal_info", required=False)
        ) is not None:
            self.keys(personal, "icp_subject.personal_info", {"residence_permit"})
            self.paper(personal, "icp_subject.personal_info.residence_permit", required=False)
        organize = self.object(subject, "icp_subject.organize_info", required=True)
        if organize is not None:
            self.organize_info(organize, kind)
        legal = self.object(subject, "icp_subject.legal_person_info", required=False)
        if legal is not None:
            self.keys(legal, "icp_subject.legal_person_info", {"name", "certificate_number"})
            self.text(legal, "icp_subject.legal_person_info.name")
            self.text(legal, "icp_subject.legal_person_info.certificate_number")
        principal = self.object(subject, "icp_subject.principal_info", required=True)
        if principal is not None:
            # Named apart from the principal, the legal representative has to authorise him.
            other = legal is not None and legal.get("certificate_number") != principal.get(
                "certificate_number"
            )
            self.principal(principal, "icp_subject.principal_info", letter=other)

    def base_info(self, base: Mapping[str, Any]) -> int | None:
        path = "icp_subject.base_info"
        self.keys(
            base, path, {"type", "name", "province", "city", "district", "address", "comment"}
        )
        kind = self.identifier(base, f"{path}.type")
        if kind is not None and kind not in SUBJECT_TYPES:
            self.add(f"{path}.type", "没有这种主体性质")
            kind = None
        self.text(base, f"{path}.name")
        self.optional_text(base, f"{path}.comment")
        parent: int | None = 0
        province_name = ""
        for level, key in enumerate(("province", "city", "district"), start=1):
            code = self.text(base, f"{path}.{key}")
            if code is None:
                parent = None
            elif not code.isdigit() or (level, int(code)) not in areas().parents:
                self.add(f"{path}.{key}", "没有这个地区编码")
                parent = None
            elif parent is not None:
                if areas().parents[(level, int(code))] != parent:
                    self.add(f"{path}.{key}", "不属于所选的上级地区")
                parent = int(code)
                province_name = province_name or areas().names[parent]
        address = self.text(base, f"{path}.address")
        if address and province_name and address.startswith(province_name):
            self.add(f"{path}.address", "不应包含省、市、区")
        return kind

    def organize_info(self, organize: Mapping[str, Any], subject_type: int | None) -> None:
        path = "icp_subject.organize_info"
        self.keys(
            organize,
            path,
            {"certificate_type", "certificate_number", "certificate_address", "certificate_photo"},
        )
        kind = self.identifier(organize, f"{path}.certificate_type")
        if None not in (kind, subject_type) and (kind, subject_type) not in CERTIFICATE_TYPES:
            self.add(f"{path}.certificate_type", "该主体性质不能使用这种证件")
        self.text(organize, f"{path}.certificate_number")
        self.text(organize, f"{path}.certificate_address")
        self.paper(
            organize,
            f"{path}.certificate_photo",
            required=subject_type != INDIVIDUAL,
            certificate_type=kind,
        )

    def principal(self, person: Mapping[str, Any], path: str, *, letter: bool) -> None:
        self.keys(person, path, _PRINCIPAL_KEYS)
        texts = {key: self.text(person, f"{path}.{key}") for key in _PRINCIPAL_REQUIRED}
        if (mobile := texts["mobile"]) and not re.fullmatch(r"1\d{10}", mobile):
            self.add(f"{path}.mobile", "手机号码格式不正确")
        if (email := texts["email"]) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            self.add(f"{path}.email", "电子邮件格式不正确")
        emergency = texts["emergency_contact"]
        if emergency and not re.fullmatch(r"\+?[\d() -]{5,20}", emergency):
            self.add(f"{path}.emergency_contact", "应为电话号码")
        kind = self.identifier(person, f"{path}.certificate_type")
        if kind is not None and (kind, INDIVIDUAL) not in CERTIFICATE_TYPES:
            self.add(f"{path}.certificate_type", "负责人只能使用个人证件")
        start = texts["certificate_validity_date_start"]
        end = texts["certificate_validity_date_end"]
        if start and not _is_date(start):
            self.add(f"{path}.certificate_validity_date_start", "应为 yyyyMMdd")
        if end and end != LONG_TERM:
            if not _is_date(end):
                self.add(f"{path}.certificate_validity_date_end", "应为 yyyyMMdd 或 长期")
            elif start and _is_date(start) and end <= start:
                self.add(f"{path}.certificate_validity_date_end", "应晚于起始日期")
        for side in ("front", "back"):
            photo = f"{path}.certificate_photo_{side}"
            self.paper(person, photo, required=True, certificate_type=kind)
        self.paper(person, f"{path}.authorization_letter", required=letter)

    def applets(self, applets: Mapping[str, Any]) -> None:
        self.keys(applets, "icp_applets", {"base_info", "principal_info"})
        if (base := self.object(applets, "icp_applets.base_info", required=True)) is not None:
            self.applet_base(base)
        principal = self.object(applets, "icp_applets.principal_info", required=True)
        if principal is not None:
            # Bureaus differ over the letter of this principal, so that it is not demanded here.
            self.principal(principal, "icp_applets.principal_info", letter=False)

    def applet_base(self, base: Mapping[str, Any]) -> None:
        path = "icp_applets.base_info"
        self.keys(base, path, {"appid", "name", "service_content_types", "nrlx_details", "comment"})
        self.optional_text(base, f"{path}.appid")
        self.optional_text(base, f"{path}.name")
        contents = base.get("service_content_types")
        if not isinstance(contents, list) or not 1 <= len(contents) <= 5:
            self.add(f"{path}.service_content_types", "应选 1 至 5 项")
        elif len(set(map(str, contents))) != len(contents):
            self.add(f"{path}.service_content_types", "有重复项")
        elif not all(type(c) is int and c in SERVICE_CONTENT_TYPES for c in contents):
            self.add(f"{path}.service_content_types", "只能选择服务内容的二级类目")
        details = base.get("nrlx_details")
        if not isinstance(details, list) or not details:
            self.add(f"{path}.nrlx_details", "必填;均不涉及时选 24 以上都不涉及")
        else:
            self.pre_approvals(details, f"{path}.nrlx_details")
        comment = base.get("comment")
        if not isinstance(comment, str) or not 20 <= len(comment) <= 200:
            self.add(f"{path}.comment", "应为 20 至 200 个字")

    def pre_approvals(self, details: list[Any], path: str) -> None:
        seen: set[int] = set()
        for index, detail in enumerate(details):
            here = f"{path}[{index}]"
            if not isinstance(detail, dict):
                self.add(here, "应为对象")
                continue
            self.keys(detail, here, {"type", "code", "media"})
            kind = self.identifier(detail, f"{here}.type")
            if kind is None:
                continue
            if kind not in NRLX_TYPES:
                self.add(f"{here}.type", "没有这种前置审批项")
            if kind in seen:
                self.add(f"{here}.type", "前置审批项重复")
            seen.add(kind)
            if kind != NO_PRE_APPROVAL:
                self.text(detail, f"{here}.code")
                self.paper(detail, f"{here}.media", required=True)
        if NO_PRE_APPROVAL in seen and len(seen) > 1:
            self.add(path, "选择以上都不涉及时不能再选其他项")

    def materials(self, materials: Mapping[str, Any]) -> None:
        self.keys(materials, "icp_materials", set(MATERIAL_LIMITS))
        for key, limit in MATERIAL_LIMITS.items():
            value = materials.get(key)
            if value is None:
                continue
            path = f"icp_materials.{key}"
            if not isinstance(value, list) or len(value) > limit:
                self.add(path, f"应为数组,至多 {limit} 项")
                continue
            for item in value:
                kind = "video" if key == VIDEO_FIELD else "image"
                self.paper({key: item}, path, required=True, kind=kind)


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{8}", text):
        return False
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a day, no instant
    except ValueError:
        return False
    return True
