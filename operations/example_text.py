"""An example application as YAML, with a Chinese comment beside each field that needs one."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

import yaml

from filing.application import Application, Subject
from filing.checks_people import same_person
from filing.identifiers import width
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    CHANGES,
    KIND_LABELS,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    ApplicantType,
    CancellationReason,
)

_COLUMN = 41
"""Where comments begin, a Chinese character counting as two."""
_FIRST = ("kind", "filing_number", "effective_on", "cancellation_reason")
_BLOCKS = ("mini_program", "subject", "materials", "on_file", "contact")
_QUOTED = frozenset({"number", "mobile", "emergency_mobile"})
"""Quoted even where YAML takes them for texts, for the next one put there may be digits alone."""
_LAST = ("file", "signed_on")
"""Keys of a material that come after those which say what it is."""
_REASONS = {
    CancellationReason.NO_LONGER_OPERATED: "不再运营",
    CancellationReason.SUBJECT_CHANGED: "主体变更",
}


def as_yaml(application: Application, title: str) -> str:
    """The text of an application file: what it reads as is the application."""
    data = application.model_dump(exclude_none=True)
    notes = _notes(application)
    if application.subject.subject_number is None:
        data["subject"]["subject_number"] = None  # shown, for it is what a later filing needs
    if not data["materials"]:
        data["materials"] = []
    lines = [f"# {title}", "# 内容均为虚构,仅供试用;用自己的资料替换后即可提交。"]
    for key in _FIRST:
        if key in data:
            lines.append(_line(f"{key}: {_scalar(data[key])}", notes.get(key)))
        elif key == "effective_on" and application.kind in CHANGES:
            lines.append(_line("# effective_on: 年-月-日", notes[key]))
    for key in _BLOCKS:
        if key in data:
            lines += ["", *_value(f"{key}:", data[key], key, "", notes)]
    if application.verification is not None:
        # JSON, for its keys are not ours.
        given = json.dumps(application.verification.auth_data, ensure_ascii=False)
        note = "同时认证:认证数据,按微信接口文档填写"
        lines += ["", "verification:", _line(f"  auth_data: {given}", note)]
    return "\n".join(lines) + "\n"


def _notes(application: Application) -> dict[str, str]:
    """Comments, by path."""
    subject, program = application.subject, application.mini_program
    contents = "、".join(SERVICE_CONTENTS[content] for content in program.service_contents)
    notes = {
        "kind": f"备案类型:{KIND_LABELS[application.kind]}",
        "filing_number": "小程序备案号",
        "effective_on": "变更生效日期:应提前 30 日申请,请填写",
        "mini_program": "小程序信息" + (",变更后" if application.kind in CHANGES else ""),
        "mini_program.appid": "小程序 AppID",
        "mini_program.name": "4 至 30 个字符,汉字算两个",
        "mini_program.remark": "20 至 200 字,写明实际服务",
        "mini_program.service_contents": f"服务内容标识,1 至 5 项:{contents}",
        "mini_program.pre_approvals": "前置审批:空列表即以上都不涉及",
        "mini_program.principal": "小程序负责人",
        "mini_program.principal.emergency_mobile": "应急手机号码,与手机号码不同",
        "subject": "主体(主办单位)信息" + (",变更后" if application.kind in CHANGES else ""),
        "subject.type": f"主体性质:{APPLICANT_LABELS[subject.type]}",
        "subject.certificate.type": CERTIFICATE_LABELS[subject.certificate.type],
        "subject.certificate.number": "统一社会信用代码",
        "subject.certificate.address": "证件住所,与证件一致",
        "subject.address": "通讯地址,不含省、市、区县",
        "subject.legal_representative": "法定代表人或单位负责人",
        "subject.principal": _principal_note(subject),
        "subject.subject_number": "主体备案号" if subject.subject_number else "主体备案号:尚无",
        "materials": "材料,路径相对于本文件" if application.materials else "注销不需要材料",
        "on_file": "已备案的资料,变更前;登记库中有的可以不填",
        "contact.email": "备案进度通知的收件邮箱",
    }
    for i, approval in enumerate(program.pre_approvals or ()):
        notes["mini_program.pre_approvals"] = "前置审批:涉及的各项及批准文件"
        notes[f"mini_program.pre_approvals.{i}"] = PRE_APPROVALS[approval.category]
    if application.cancellation_reason is not None:
        notes["cancellation_reason"] = f"注销原因:{_REASONS[application.cancellation_reason]}"
    if subject.type is ApplicantType.INDIVIDUAL:
        notes["subject.certificate.number"] = "本人证件号码"
        notes["subject.certificate.address"] = "证件住所;持居住证的填写居住地址"
    certificate = program.principal.certificate.type
    notes["mini_program.principal.certificate.type"] = CERTIFICATE_LABELS[certificate]
    return notes


def _principal_note(subject: Subject) -> str:
    legal = subject.legal_representative
    if legal is None:
        return "主体负责人:个人主体为本人"
    if same_person(legal, subject.principal):
        return "主体负责人:即法定代表人,因此不需要授权书"
    return "主体负责人:不是法定代表人,因此需要授权书"


def _value(
    head: str, value: Any, path: str, indent: str, notes: Mapping[str, str]
) -> Iterator[str]:
    note = notes.get(path)
    if isinstance(value, Mapping) and value:
        yield _line(indent + head, note)
        for key, item in value.items():
            yield from _value(f"{key}:", item, f"{path}.{key}", indent + "  ", notes)
    elif isinstance(value, tuple | list) and any(isinstance(item, Mapping) for item in value):
        yield _line(indent + head, note)
        for i, item in enumerate(value):
            yield _line(f"{indent}  - {_flow(item)}", notes.get(f"{path}.{i}"))
    else:
        quoted = path.rpartition(".")[2] in _QUOTED and isinstance(value, str)
        text = f'"{value}"' if quoted else _scalar(value)
        yield _line(f"{indent}{head} {text}", note)


def _flow(item: Mapping[str, Any]) -> str:
    keys = sorted(item, key=lambda key: _LAST.index(key) if key in _LAST else -1)
    return "{" + ", ".join(f"{key}: {_scalar(item[key])}" for key in keys) + "}"


def _scalar(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, date):
        return "null" if value is None else value.isoformat()
    plain = yaml.safe_dump(value, allow_unicode=True, width=100_000).removesuffix("\n...\n")
    return plain if plain == value else json.dumps(value, ensure_ascii=False)


def _line(text: str, note: str | None) -> str:
    return text if note is None else f"{text}{' ' * max(2, _COLUMN - width(text))}# {note}"
