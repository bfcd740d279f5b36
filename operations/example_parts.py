"""What the examples are put together of: invented people, subjects and mini programs.

Nobody's data: the persons' numbers lie in a division that does not exist (320599), the names say
示例, the addresses end in example.com.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import ric, uscc

from filing.application import LONG_TERM, Person, PersonCertificate, Subject, SubjectCertificate
from filing.vocabulary import ApplicantType, CertificateType

LATIN = {
    "李明": "Li Ming",
    "王芳": "Wang Fang",
    "陈静": "Chen Jing",
    "赵强": "Zhao Qiang",
    "孙丽": "Sun Li",
    "示例安娜": "Specimen Anna",
}
"""How a person is written on a drawn paper, whose font has no Chinese, and in file names."""

_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of a unified social credit code: no I, O, S, V, Z."""
_NO_DIVISION = "320599"
_OLDEST = date(1950, 1, 1)
_BIRTHDAYS = 40 * 365


@dataclass(frozen=True)
class Place:
    """Where a subject is; `division` is the district's code."""

    province: str
    city: str
    district: str
    division: str

    def address(self, road: str) -> str:
        """As it is printed on a certificate."""
        city = "" if self.city == self.province else self.city
        return f"{self.province}{city}{self.district}{road}"


KUNSHAN = Place("江苏省", "苏州市", "昆山市", "320583")
XIHU = Place("浙江省", "杭州市", "西湖区", "330106")
PUDONG = Place("上海市", "上海市", "浦东新区", "310115")


@dataclass(frozen=True)
class Sort:
    """An invented organisation of a sort, and its mini program."""

    type: ApplicantType
    prefix: str
    """First two characters of its credit code (GB 32100-2015): who registers it, and as what."""
    name: str
    latin: str
    certificate: CertificateType
    program: str
    remark: str
    content: str


_LICENCE = CertificateType.BUSINESS_LICENCE
_UNIFIED = CertificateType.UNIFIED_CODE_CERTIFICATE

ENTERPRISE = Sort(
    ApplicantType.ENTERPRISE,
    "91",
    "苏州示例信息技术有限公司",
    "Suzhou Example Information Technology",
    _LICENCE,
    "昆山示例商城",
    "面向昆山本地商户的线上商城,提供商品浏览、下单、支付与售后服务",
    "ecommerce",
)
SORTS = (
    ENTERPRISE,
    Sort(
        ApplicantType.SOLE_TRADER,
        "92",
        "昆山市示例路便利店",
        "Example Road Corner Shop",
        _LICENCE,
        "示例路便利店",
        "为附近居民提供日用百货的浏览、下单与到店自提服务,不提供配送",
        "ecommerce",
    ),
    Sort(
        ApplicantType.GOVERNMENT,
        "11",
        "昆山市示例事务管理局",
        "Example Affairs Bureau",
        _UNIFIED,
        "示例政务服务",
        "为市民提供示例事务的办事指南、预约取号与办理进度查询服务",
        "government_service",
    ),
    Sort(
        ApplicantType.PUBLIC_INSTITUTION,
        "12",
        "昆山市示例图书馆",
        "Example Public Library",
        CertificateType.PUBLIC_INSTITUTION_CERTIFICATE,
        "示例图书馆",
        "为读者提供馆藏检索、借阅记录查询、座位预约与开放时间公告",
        "tools",
    ),
    Sort(
        ApplicantType.SOCIAL_ORGANISATION,
        "51",
        "昆山市示例书法协会",
        "Example Calligraphy Association",
        CertificateType.SOCIAL_ORGANISATION_CERTIFICATE,
        "示例书法协会",
        "介绍协会的章程与活动安排,供会员报名参加线下书法交流活动",
        "corporate_site",
    ),
    Sort(
        ApplicantType.PRIVATE_NON_ENTERPRISE,
        "52",
        "昆山市示例社会工作服务中心",
        "Example Social Work Centre",
        CertificateType.PRIVATE_NON_ENTERPRISE_CERTIFICATE,
        "示例社工服务",
        "介绍中心的社会工作服务项目,供居民预约上门探访与志愿者登记",
        "corporate_site",
    ),
    Sort(
        ApplicantType.FOUNDATION,
        "53",
        "昆山市示例公益基金会",
        "Example Charity Foundation",
        CertificateType.FOUNDATION_CERTIFICATE,
        "示例公益基金会",
        "介绍基金会的资助项目,公布年度报告与财务公开信息,不在线募捐",
        "corporate_site",
    ),
    Sort(
        ApplicantType.LAW_FIRM,
        "31",
        "江苏示例律师事务所",
        "Jiangsu Example Law Firm",
        CertificateType.LAW_FIRM_LICENCE,
        "示例律师事务所",
        "介绍本所律师与业务领域,供当事人预约到所面谈,不提供在线咨询",
        "corporate_site",
    ),
    Sort(
        ApplicantType.MASS_ORGANISATION,
        "81",
        "昆山市示例职工联合会",
        "Example Workers' Federation",
        CertificateType.MASS_ORGANISATION_CERTIFICATE,
        "示例职工联合会",
        "介绍联合会的职工服务项目,供职工报名参加线下文体与技能交流活动",
        "corporate_site",
    ),
    Sort(
        ApplicantType.RELIGIOUS_GROUP,
        "71",
        "昆山市示例古寺",
        "Example Old Temple",
        _UNIFIED,
        "昆山示例古寺",
        "介绍古寺园林的开放时间与交通路线,供游客免费预约参观时间",
        "travel",
    ),
    Sort(
        ApplicantType.FORENSIC_INSTITUTION,
        "34",
        "昆山市示例司法鉴定所",
        "Example Forensic Institute",
        _UNIFIED,
        "示例司法鉴定所",
        "介绍本所的鉴定业务范围与收费标准,供委托人预约到所受理的时间",
        "corporate_site",
    ),
    Sort(
        ApplicantType.NOTARY_OFFICE,
        "32",
        "昆山市示例公证处",
        "Example Notary Office",
        _UNIFIED,
        "示例公证处",
        "介绍公证事项所需材料与收费标准,供当事人预约到处办理的时间",
        "corporate_site",
    ),
    Sort(
        ApplicantType.MEDICAL_INSTITUTION,
        "12",
        "昆山市示例社区卫生服务中心",
        "Example Community Health Centre",
        _UNIFIED,
        "示例社区卫生",
        "公布中心的科室介绍、接种日程与停诊公告,供居民查询与预约接种",
        "tools",
    ),
    Sort(
        ApplicantType.DEFENCE_BODY,
        "A1",
        "昆山市示例人民武装部",
        "Example Armed Forces Department",
        _UNIFIED,
        "示例征兵宣传",
        "介绍征兵政策与报名流程,供适龄青年查询体检安排与办理地点",
        "government_service",
    ),
    Sort(
        ApplicantType.FOREIGN_CULTURAL_CENTRE,
        "41",
        "示例国文化中心",
        "Cultural Centre of Exampleland",
        _UNIFIED,
        "示例国文化中心",
        "介绍中心的语言角、展览与讲座安排,供市民报名参加线下活动",
        "corporate_site",
    ),
    Sort(
        ApplicantType.OVERSEAS_BODY,
        "91",
        "示例国信息技术公司苏州代表处",
        "Exampleland Information Technology, Suzhou Office",
        CertificateType.REPRESENTATIVE_OFFICE_CERTIFICATE,
        "示例国信息技术",
        "介绍代表处的业务范围与联系方式,供客户预约到访,不在线交易",
        "corporate_site",
    ),
)
"""One organisation of each sort."""


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])


def invented_credit_code(seed: str, prefix: str = "91", division: str = KUNSHAN.division) -> str:
    """A well-formed unified social credit code that nobody has been given, of an enterprise in
    昆山市 unless told otherwise: nearly always another for another `seed`."""
    rest = _number(seed)
    characters = ""
    for _ in range(7):
        rest, digit = divmod(rest, len(_CHARACTERS))
        characters += _CHARACTERS[digit]
    body = f"{prefix}{division}MA{characters}"
    return body + uscc.calc_check_digit(body)


def invented_resident_id(seed: str) -> str:
    """A well-formed resident identity number of a division that does not exist, of somebody born
    between 1950 and 1989: nearly always another for another `seed`."""
    rest, days = divmod(_number(seed), _BIRTHDAYS)
    born = _OLDEST + timedelta(days=days)
    body = f"{_NO_DIVISION}{born:%Y%m%d}{rest % 1000:03}"
    return body + ric.calc_check_digit(body + "0")


def invented_subject_number(seed: str) -> str:
    """A 主体备案号 of 江苏省, as a subject has that filed before: nearly always another for another
    `seed`."""
    return f"苏ICP备2024{_number(seed) % 1_000_000:06}号"


def person(name: str, certificate: PersonCertificate, phone: int) -> Person:
    """Somebody invented; `phone` counts up by two from 1, the second being the emergency number."""
    return Person(
        name=name,
        certificate=certificate,
        mobile=f"139{phone:08}",
        email=f"{slug(name).replace('-', '.')}@example.com",
        emergency_mobile=f"139{phone + 1:08}",
    )


def resident_id(number: str, valid_from: date) -> PersonCertificate:
    """An identity card that does not expire."""
    return PersonCertificate(
        type=CertificateType.RESIDENT_ID, number=number, valid_from=valid_from, valid_to=LONG_TERM
    )


def slug(name: str) -> str:
    """A person's name as in file names: `li-ming`."""
    return LATIN[name].lower().replace(" ", "-")


LI_MING = person("李明", resident_id("320599197001010012", date(2018, 6, 1)), 1)
WANG_FANG = person("王芳", resident_id("320599196802020021", date(2016, 3, 1)), 3)
ZHAO_QIANG = person("赵强", resident_id(invented_resident_id("zhao"), date(2019, 9, 2)), 5)
ANNA = person(
    "示例安娜",
    PersonCertificate(
        type=CertificateType.PASSPORT,
        number="X00000000",
        valid_from=date(2020, 5, 6),
        valid_to=LONG_TERM,
    ),
    11,
)


def organisation(
    sort: Sort,
    number: str,
    place: Place = KUNSHAN,
    *,
    legal: Person = LI_MING,
    principal: Person = LI_MING,
    road: str = "示例路1号",
    subject_number: str | None = None,
) -> Subject:
    """An organisation of a sort; `number` is its credit code."""
    certificate = SubjectCertificate(
        type=sort.certificate, number=number, address=place.address(road)
    )
    return Subject(
        type=sort.type,
        name=sort.name,
        certificate=certificate,
        province=place.province,
        city=place.city,
        district=place.district,
        address=road,
        legal_representative=legal,
        principal=principal,
        subject_number=subject_number,
    )


def individual(who: Person, place: Place, road: str = "示例路8号") -> Subject:
    """Somebody who files in their own name."""
    certificate = SubjectCertificate(
        type=who.certificate.type, number=who.certificate.number, address=place.address(road)
    )
    return Subject(
        type=ApplicantType.INDIVIDUAL,
        name=who.name,
        certificate=certificate,
        province=place.province,
        city=place.city,
        district=place.district,
        address=road,
        principal=who,
    )
