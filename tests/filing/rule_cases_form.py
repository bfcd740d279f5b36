"""What breaks the rules of form, of the place and of the materials."""

from datetime import date
from typing import Any

from tests.filing.rule_cases import GONE, Case, Data, individual


def _nested(data: Data) -> Data:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]
    return data | {"kind": deep}


def _crowded(data: Data) -> Data:
    return data | {f"key_{i}": "" for i in range(300)}


def _without(index: int) -> Case:
    def change(data: Data) -> Data:
        del data["materials"][index]
        return data

    return Case(change)


def _file(**facts: Any) -> Case:
    return Case(facts={0: facts})


FORM = {
    "too_large": Case(_nested),
    "too_many_problems": Case(_crowded, also=frozenset({"unknown_key"})),
    "too_long": Case({"subject.address": "路" * 2001}, also=frozenset({"address.empty"})),
    "invisible_character": Case(
        {"subject.address": "示例\u200b路"}, also=frozenset({"address.empty"})
    ),
    "missing": Case({"contact.email": GONE}),
    "wrong_date": Case({"materials.5.signed_on": "2026-02-30"}),
    "unknown_value": Case({"kind": "renew"}),
    "wrong_type": Case({"contact": []}),
    "unknown_key": Case({"mini_program.appld": "wx"}),
    "email.malformed": Case({"contact.email": "ops"}),
    "reference.malformed": Case({"agency": "云帆<网络>", "customer": "客" * 65}),
    "reference.private": Case({"agency": "13800138000", "customer": "C-11010519491231002X"}),
}

PLACE = {
    "province.not_filed_here": Case(
        {"subject.province": "香港特别行政区", "subject.certificate.address": "昆山市"}
    ),
    "province.unknown": Case({"subject.province": "江苏", "subject.certificate.address": "昆山市"}),
    "city.other_province": Case({"subject.city": "杭州市"}),
    "city.is_district": Case({"subject.city": "昆山市"}),
    "city.unknown": Case({"subject.city": "姑苏市"}),
    "district.other_city": Case({"subject.district": "西湖区"}),
    "district.unknown": Case({"subject.district": "花桥开发区"}),
    "address.empty": Case({"subject.address": ""}),
    "address.too_long": Case({"subject.address": "路" * 201}),
    "address.repeats_division": Case({"subject.address": "昆山市示例路1号"}),
    "province.differs_from_certificate": Case(
        {"subject.certificate.address": "浙江省杭州市示例路1号"}
    ),
    "city.differs_from_certificate": Case(
        {"subject.certificate.address": "江苏省南京市玄武区示例路1号"}
    ),
    "district.differs_from_certificate": Case({"subject.certificate.address": "苏州市吴江区"}),
    "province.local_id_only": Case(
        {
            "subject.province": "甘肃省",
            "subject.city": "兰州市",
            "subject.district": "城关区",
            "subject.certificate.address": "甘肃省兰州市城关区",
        },
        individual,
    ),
}

NUMBERS = {
    "subject_number.malformed": Case({"subject.subject_number": "苏ICP备1号"}),
    "subject_number.is_service_number": Case({"subject.subject_number": "苏ICP备2026000001号-1X"}),
    "subject_number.other_province": Case({"subject.subject_number": "浙ICP备2026000001号"}),
}

MATERIALS = {
    "material.residence_permit": Case(
        {
            "subject.province": "浙江省",
            "subject.city": "杭州市",
            "subject.district": "西湖区",
            "subject.certificate.address": "昆山市",
        },
        individual,
    ),
    "material.too_many": Case(
        {"materials.5": {"type": "other", "file": "0.png"}}
        | {f"materials.{i}": {"type": "other", "file": f"{i}.png"} for i in range(6, 61)}
    ),
    "material.missing_subject_certificate": _without(0),
    "material.missing_subject_principal_certificate": _without(1),
    "material.missing_mini_program_principal_certificate": _without(4),
    "material.no_side": Case(
        {"materials.1.side": None},
        also=frozenset({"material.missing_subject_principal_certificate"}),
    ),
    "material.no_category": Case({"materials.6": {"type": "pre_approval", "file": "c.png"}}),
    "material.unlisted_category": Case(
        {"materials.6": {"type": "pre_approval", "category": "news", "file": "c.png"}}
    ),
    "material.duplicate": Case({"materials.6": {"type": "subject_certificate", "file": "o.png"}}),
    "letter.future": Case({"materials.5.signed_on": date(2026, 11, 25)}),
    "letter.too_old": Case({"materials.5.signed_on": date(2026, 10, 24)}),
    "file.bad_path": Case({"materials.0.file": "../x.png"}),
    "file.missing": _file(problem="missing"),
    "file.not_a_file": _file(problem="not_a_file"),
    "file.outside_folder": _file(problem="outside_folder"),
    "file.empty": _file(problem="empty"),
    "file.changing": _file(problem="changing"),
    "file.too_many_pixels": _file(problem="too_many_pixels"),
    "file.animated": _file(problem="animated"),
    "file.unreadable": _file(problem="unreadable"),
    "file.unusable": _file(problem="something_new"),
    "file.wrong_media_type": _file(media_type="application/pdf", width=None, height=None),
    "file.too_large": _file(size=2 * 1024 * 1024 + 1),
    "file.too_small": _file(height=719),
    "file.changed": Case({"materials.0.sha256": f"{9:064x}"}),
    "file.shared_by_persons": Case(facts={3: {"sha256": f"{1:064x}"}}),
    "file.shared_by_sides": Case(facts={2: {"sha256": f"{1:064x}"}}),
}

CASES = FORM | PLACE | NUMBERS | MATERIALS
