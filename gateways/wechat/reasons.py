"""The API's names of fields in ours: dotted paths of hints, Chinese names of returns (reference
sections 2.5 and 3)."""

import re
from collections.abc import Mapping
from typing import Any

from filing.authority import Reason

_PERSON = {
    "name": "name",
    "mobile": "mobile",
    "email": "email",
    "emergency_contact": "emergency_mobile",
    "certificate_type": "certificate.type",
    "certificate_number": "certificate.number",
    "certificate_validity_date_start": "certificate.valid_from",
    "certificate_validity_date_end": "certificate.valid_to",
    "certificate_photo_front": "certificate",
    "certificate_photo_back": "certificate",
}
_FIELDS: dict[str, str] = {
    "icp_subject": "subject",
    "icp_subject.base_info": "subject",
    "icp_subject.base_info.type": "subject.type",
    "icp_subject.base_info.name": "subject.name",
    "icp_subject.base_info.province": "subject.province",
    "icp_subject.base_info.city": "subject.city",
    "icp_subject.base_info.district": "subject.district",
    "icp_subject.base_info.address": "subject.address",
    "icp_subject.personal_info": "materials",
    "icp_subject.organize_info": "subject.certificate",
    "icp_subject.organize_info.certificate_photo": "subject.certificate",
    "icp_subject.organize_info.certificate_type": "subject.certificate.type",
    "icp_subject.organize_info.certificate_number": "subject.certificate.number",
    "icp_subject.organize_info.certificate_address": "subject.certificate.address",
    "icp_subject.legal_person_info": "subject.legal_representative",
    "icp_subject.legal_person_info.name": "subject.legal_representative.name",
    "icp_subject.legal_person_info.certificate_number": (
        "subject.legal_representative.certificate.number"
    ),
    "icp_applets": "mini_program",
    "icp_applets.base_info": "mini_program",
    "icp_applets.base_info.appid": "mini_program.appid",
    "icp_applets.base_info.name": "mini_program.name",
    "icp_applets.base_info.comment": "mini_program.remark",
    "icp_applets.base_info.service_content_types": "mini_program.service_contents",
    "icp_applets.base_info.nrlx_details": "mini_program.pre_approvals",
    "icp_materials": "materials",
    "auth_data": "verification.auth_data",
    **{
        f"{part}.principal_info.{theirs}": f"{ours}.principal.{field}"
        for part, ours in (("icp_subject", "subject"), ("icp_applets", "mini_program"))
        for theirs, field in _PERSON.items()
    },
    "icp_subject.principal_info": "subject.principal",
    "icp_subject.principal_info.authorization_letter": "materials",
    "icp_applets.principal_info": "mini_program.principal",
    "icp_applets.principal_info.authorization_letter": "materials",
}
"""Paths of the API to ours. What is not here counts by the nearest part above it."""

_PRE_APPROVAL = re.compile(r"icp_applets\.base_info\.nrlx_details\.(\d+)(?:\.(\w+))?")
_PRE_APPROVAL_FIELDS = {"type": ".category", "code": ".number"}
_SERVICE_CONTENT = re.compile(r"icp_applets\.base_info\.service_content_types\.(\d+)")

_KEY_NAMES: dict[str, str] = {
    "主体性质": "subject.type",
    "主办单位性质": "subject.type",
    "主体类型": "subject.type",
    "主办单位名称": "subject.name",
    "主办者名称": "subject.name",
    "主体名称": "subject.name",
    "主办单位证件": "subject.certificate",
    "主办单位证件类型": "subject.certificate.type",
    "主办单位证件号码": "subject.certificate.number",
    "主办单位有效证件": "subject.certificate",
    "主办单位证件照片": "subject.certificate",
    "主体证件类型": "subject.certificate.type",
    "主体证件号码": "subject.certificate.number",
    "统一社会信用代码": "subject.certificate.number",
    "营业执照": "subject.certificate",
    "营业执照照片": "subject.certificate",
    "证件类型": "subject.certificate.type",
    "证件号码": "subject.certificate.number",
    "证件住所": "subject.certificate.address",
    "主办单位证件住所": "subject.certificate.address",
    "备案省份": "subject.province",
    "备案地区": "subject.district",
    "主办单位通讯地址": "subject.address",
    "通信地址": "subject.address",
    "通讯地址": "subject.address",
    "法定代表人": "subject.legal_representative",
    "法定代表人姓名": "subject.legal_representative.name",
    "法定代表人证件号码": "subject.legal_representative.certificate.number",
    "法人": "subject.legal_representative",
    "法人姓名": "subject.legal_representative.name",
    "法人证件号码": "subject.legal_representative.certificate.number",
    "小程序名称": "mini_program.name",
    "备注": "mini_program.remark",
    "小程序备注": "mini_program.remark",
    "备注信息": "mini_program.remark",
    "小程序简介": "mini_program.remark",
    "小程序服务内容": "mini_program.service_contents",
    "小程序服务内容类型": "mini_program.service_contents",
    "服务类型": "mini_program.service_contents",
    "前置审批号": "mini_program.pre_approvals",
    "前置审批文件": "mini_program.pre_approvals",
    "服务内容": "mini_program.service_contents",
    "服务内容标识": "mini_program.service_contents",
    "前置审批项": "mini_program.pre_approvals",
    "前置审批": "mini_program.pre_approvals",
    "承诺书": "materials",
    "授权书": "materials",
    "互联网信息服务承诺书": "materials",
    "主体负责人授权书": "materials",
    "小程序负责人授权书": "materials",
    "居住证": "materials",
    "临时居住证明": "materials",
    "党建确认函": "materials",
    "其他材料": "materials",
    "其它附件": "materials",
    "主体其它附件": "materials",
    "小程序其它附件": "materials",
    **{
        f"{who}{name}": path + (f".{field}" if field else "")
        for who, path in (
            ("主体负责人", "subject.principal"),
            ("小程序负责人", "mini_program.principal"),
        )
        for name, field in {
            "": "",
            "姓名": "name",
            "手机号码": "mobile",
            "手机号": "mobile",
            "联系方式": "mobile",
            "应急手机号": "emergency_mobile",
            "应急手机号码": "emergency_mobile",
            "应急联系方式": "emergency_mobile",
            "电子邮件": "email",
            "电子邮箱": "email",
            "证件": "certificate",
            "证件类型": "certificate.type",
            "证件号码": "certificate.number",
            "证件有效期": "certificate.valid_to",
            "证件照片": "certificate",
            "证件照": "certificate",
            "证件人像面": "certificate",
            "证件国徽面": "certificate",
            "身份证": "certificate",
            "身份证号码": "certificate.number",
            "人脸核身": "",
            "核验照片": "",
        }.items()
    },
}
"""Names that a return gives its fields (`domain.md` 3.7; the whole list was not seen), without the
separators that may stand in them."""

_SEPARATORS = re.compile(r"[\s\-_/·:：>()（）【】\[\]]+")

_ADVICE = {
    86205: "请重新提交该材料",
    86302: "请核对所填内容与图片是否一致",
    86308: "请核对证件有效期",
    86328: "请更换清晰完整的图片",
    86355: "主办单位须与小程序的主体一致",
}


def our_path(field: str, materials: Mapping[str, int]) -> str:
    """Our path for one of the API's; as it came where it is no part of an application."""
    plain = re.sub(r"\[(\d+)\]", r".\1", field.strip())
    if match := _PRE_APPROVAL.fullmatch(plain):
        index, leaf = match.groups()
        if leaf == "media" and plain in materials:
            return f"materials.{materials[plain]}.file"
        return f"mini_program.pre_approvals.{index}{_PRE_APPROVAL_FIELDS.get(leaf or '', '')}"
    if match := _SERVICE_CONTENT.fullmatch(plain):
        return f"mini_program.service_contents.{match[1]}"
    parts = plain.split(".")
    while parts:
        path = _FIELDS.get(".".join(parts))
        here = ".".join(parts)
        if path == "materials" or (path is None and here in materials):
            return f"materials.{materials[plain]}.file" if plain in materials else "materials"
        if path is not None:
            return path
        parts.pop()
    return field or "application"


def hinted(hint: Mapping[str, Any], materials: Mapping[str, int]) -> Reason:
    """A reason of a refusal (`hints`); `materials`: the place of ours by the API's field."""
    field, text, code = hint.get("err_field"), hint.get("errmsg"), hint.get("errcode")
    reason = plain_text(text) if isinstance(text, str) else ""
    return Reason(
        field=our_path(field if isinstance(field, str) else "", materials),
        reason=reason or f"备案系统未说明原因({code})",
        suggestion=_ADVICE.get(code) if isinstance(code, int) else None,
    )


def audited(entry: Any) -> Reason:
    """A reason of a return (`audit_data`). A name that is not known is kept as it came."""
    given = entry if isinstance(entry, dict) else {}
    name, error, advice = (
        text if isinstance(text := given.get(key), str) else ""
        for key in ("key_name", "error", "suggest")
    )
    return Reason(
        field=_KEY_NAMES.get(_SEPARATORS.sub("", name), name.strip()) or "application",
        reason=error or "未附原因",
        suggestion=advice or None,
    )


def plain_text(text: str) -> str:
    """Without the request id at its end, which tells an applicant nothing."""
    return re.sub(r"\s*rid:\s*\S+\s*$", "", text).strip()
