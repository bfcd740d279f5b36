"""What breaks the rules on mini programs, subjects and persons."""

from datetime import date

from tests.filing.checking import (
    LEGAL,
    PRINCIPAL,
    PROGRAM,
    TODAY,
    both,
    credit_code,
    resident_id,
)
from tests.filing.rule_cases import GONE, Case, individual

MINI_PROGRAM = {
    "appid.malformed": Case({"mini_program.appid": "wx123"}),
    "name.too_short": Case({"mini_program.name": "商"}),
    "name.too_long": Case({"mini_program.name": "昆山示例商城" * 3}),
    "name.generic": Case({"mini_program.name": "昆山小程序"}),
    "name.no_words": Case({"mini_program.name": "12345"}),
    "name.national": Case({"mini_program.name": "中国示例商城"}),
    "name.company_word": Case({"mini_program.name": "记事工具公司"}, individual),
    "remark.too_short": Case({"mini_program.remark": "昆山商户的线上商城,浏览商品"}),
    "remark.too_long": Case(
        {"mini_program.remark": "面向昆山本地商户的线上商城,提供商品浏览、下单。" * 9}
    ),
    "remark.vague": Case(
        {"mini_program.remark": "昆山示例商城,为广大用户提供优质、便捷、高效的服务"}
    ),
    "remark.unrelated": Case(
        {"mini_program.remark": "面向昆山本地商户,发布天气预报与交通路况,每日更新两次"}
    ),
    "name.unrelated": Case({"mini_program.name": "蓝鲸优选"}),
    "service_contents.commercial": Case(
        {"mini_program.service_contents.1": "catering"}, individual
    ),
    "service_contents.none": Case({"mini_program.service_contents": []}),
    "service_contents.too_many": Case(
        {
            "mini_program.service_contents": [
                "ecommerce",
                "tools",
                "travel",
                "catering",
                "recruitment",
                "corporate_site",
            ]
        }
    ),
    "service_contents.unknown": Case({"mini_program.service_contents.1": "gambling"}),
    "service_contents.duplicate": Case({"mini_program.service_contents.1": "ecommerce"}),
}

OTHER_LEGAL_REPRESENTATIVE = {
    f"{LEGAL}.name": "赵强",
    f"{LEGAL}.certificate.number": resident_id("19600303"),
    f"{LEGAL}.mobile": "13900000005",
    f"{LEGAL}.emergency_mobile": "13900000006",
}
LETTER = {"materials.6": {"type": "authorisation_letter", "file": "letter.png"}}

APPLICANT = {
    "name.malformed": Case({"subject.name": "12345"}),
    "certificate.wrong_type": Case({"subject.certificate.type": "resident_id"}),
    "certificate.unusual_type": Case({"subject.certificate.type": "unified_code_certificate"}),
    "certificate.not_for_this_sort": Case(
        {"subject.type": "government", "subject.certificate.number": credit_code("11")}
    ),
    "legal_representative.delegates": Case(
        {
            "subject.province": "山东省",
            "subject.city": "济南市",
            "subject.district": "历下区",
            "subject.certificate.address": "济南市历下区示例路1号",
        }
        | both("certificate.type", "passport")
        | both("certificate.number", "E12345678")
    ),
    "certificate.malformed": Case({"subject.certificate.number": "320583000123456"}),
    "certificate.check_digit": Case({"subject.certificate.number": "91320583MAEXAMP14U"}),
    "certificate.other_applicant_type": Case({"subject.certificate.number": credit_code("12")}),
    "legal_representative.not_applicable": Case(
        lambda data: (
            data
            | {"subject": data["subject"] | {"legal_representative": data["subject"]["principal"]}}
        ),
        individual,
    ),
    "legal_representative.missing": Case({LEGAL: GONE}),
    "principal.not_self": Case(
        {"subject.certificate.number": resident_id("19600303", "320583")}, individual
    ),
    "principal.not_legal_representative": Case(
        OTHER_LEGAL_REPRESENTATIVE
        | LETTER
        | {
            "subject.province": "上海市",
            "subject.city": "上海市",
            "subject.district": "徐汇区",
            "subject.certificate.address": "上海市徐汇区示例路1号",
        }
    ),
    "material.missing_authorisation_letter": Case(
        OTHER_LEGAL_REPRESENTATIVE, also=frozenset({"principal.must_be_one_person"})
    ),
    "principal.must_be_one_person": Case(OTHER_LEGAL_REPRESENTATIVE | LETTER),
}

PEOPLE = {
    "certificate.not_personal": Case({f"{PROGRAM}.certificate.type": "business_licence"}),
    "certificate.birth_date": Case({f"{PROGRAM}.certificate.number": "320599196813020021"}),
    "certificate.not_yet_valid": Case({f"{PROGRAM}.certificate.valid_from": date(2026, 11, 25)}),
    "certificate.validity_order": Case({f"{PROGRAM}.certificate.valid_to": date(2016, 3, 1)}),
    "certificate.expired": Case({f"{PROGRAM}.certificate.valid_to": TODAY}),
    "certificate.expires_soon": Case({f"{PROGRAM}.certificate.valid_to": date(2027, 2, 24)}),
    "certificate.differs": Case({f"{PRINCIPAL}.certificate.valid_from": date(2018, 6, 2)}),
    "name.differs": Case({f"{PRINCIPAL}.name": "李鸣"}),
    "age.minor": Case({f"{PROGRAM}.certificate.number": resident_id("20101125")}),
    "age.minor_in_province": Case({f"{PROGRAM}.certificate.number": resident_id("20101124")}),
    "mobile.malformed": Case({f"{PROGRAM}.mobile": "051257000000"}),
    "mobile.shared": Case({f"{PROGRAM}.mobile": "13900000001"}),
    "emergency_mobile.malformed": Case({f"{PROGRAM}.emergency_mobile": "1390000"}),
    "emergency_mobile.same": Case({f"{PROGRAM}.emergency_mobile": "13900000003"}),
    "email.shared": Case({f"{PROGRAM}.email": "Li.Ming@example.com"}),
}

CASES = MINI_PROGRAM | APPLICANT | PEOPLE
