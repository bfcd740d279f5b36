"""The checks of an application: each with a case that fails; the example passes them all."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filing.application import (
    Application,
    Contact,
    Material,
    MiniProgram,
    OnFile,
    Person,
    PersonCertificate,
    PreApproval,
    Subject,
    SubjectCertificate,
)
from filing.checks import check
from filing.files import FileFacts
from filing.problems import errors
from filing.vocabulary import ApplicantType, CancellationReason, CertificateType, Kind, MaterialType
from tests.filing.checking import (
    LEGAL,
    PRINCIPAL,
    PROGRAM,
    TODAY,
    Edit,
    both,
    credit_code,
    found,
    resident_id,
)


def test_the_example_passes(edited: Edit) -> None:
    assert check(edited({}), None, TODAY) == ()


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    # the mini program
    ({"mini_program.appid": "wx123"}, "mini_program.appid", "appid.malformed"),
    ({"mini_program.name": "商"}, "mini_program.name", "name.too_short"),
    ({"mini_program.name": "商" * 16}, "mini_program.name", "name.too_long"),
    ({"mini_program.remark": "商" * 19}, "mini_program.remark", "remark.too_short"),
    ({"mini_program.remark": "商" * 201}, "mini_program.remark", "remark.too_long"),
    (
        {"mini_program.service_contents": []},
        "mini_program.service_contents",
        "service_contents.none",
    ),
    (
        {
            "mini_program.service_contents": [
                "ecommerce",
                "tools",
                "travel",
                "catering",
                "recruitment",
                "corporate_site",
            ]
        },
        "mini_program.service_contents",
        "service_contents.too_many",
    ),
    (
        {"mini_program.service_contents": ["tools", "gambling"]},
        "mini_program.service_contents.1",
        "service_contents.unknown",
    ),
    (
        {"mini_program.service_contents": ["tools", "tools"]},
        "mini_program.service_contents.1",
        "service_contents.duplicate",
    ),
    # the subject
    ({"subject.name": ""}, "subject.name", "name.malformed"),
    ({"subject.name": "12345"}, "subject.name", "name.malformed"),
    (
        {"subject.certificate.type": "resident_id"},
        "subject.certificate.type",
        "certificate.wrong_type",
    ),
    (
        {"subject.certificate.number": "91320583MAEXAMP14U"},
        "subject.certificate.number",
        "certificate.check_digit",
    ),
    (
        {"subject.certificate.number": "320583000123456"},
        "subject.certificate.number",
        "certificate.malformed",
    ),
    ({"subject.certificate.address": ""}, "subject.certificate.address", "address.empty"),
    ({"subject.province": "江苏"}, "subject.province", "province.unknown"),
    ({"subject.city": "杭州市"}, "subject.city", "city.other_province"),
    ({"subject.district": "西湖区"}, "subject.district", "district.other_city"),
    ({"subject.address": ""}, "subject.address", "address.empty"),
    ({"subject.address": "路" * 201}, "subject.address", "address.too_long"),
    ({"subject.address": "江苏省示例路1号"}, "subject.address", "address.repeats_division"),
    ({"subject.address": "苏州市示例路1号"}, "subject.address", "address.repeats_division"),
    ({"subject.address": "昆山市示例路1号"}, "subject.address", "address.repeats_division"),
    (
        {"subject.subject_number": "苏ICP备1号"},
        "subject.subject_number",
        "subject_number.malformed",
    ),
    (
        {"subject.subject_number": "浙ICP备2026000001号"},
        "subject.subject_number",
        "subject_number.other_province",
    ),
    (
        {"subject.subject_number": "苏ICP备2026000001号-1X"},
        "subject.subject_number",
        "subject_number.is_service_number",
    ),
    ({"contact.email": "ops"}, "contact.email", "email.malformed"),
    # the persons
    ({f"{PROGRAM}.name": ""}, f"{PROGRAM}.name", "name.malformed"),
    ({f"{PROGRAM}.name": "王芳2"}, f"{PROGRAM}.name", "name.malformed"),
    (
        {f"{PROGRAM}.certificate.type": "business_licence"},
        f"{PROGRAM}.certificate.type",
        "certificate.not_personal",
    ),
    (
        {f"{PROGRAM}.certificate.number": "320599196802020022"},
        f"{PROGRAM}.certificate.number",
        "certificate.check_digit",
    ),
    (
        {f"{PROGRAM}.certificate.number": "32059919680202002"},
        f"{PROGRAM}.certificate.number",
        "certificate.malformed",
    ),
    (
        {f"{PROGRAM}.certificate.number": "320599196813020021"},
        f"{PROGRAM}.certificate.number",
        "certificate.birth_date",
    ),
    (
        {f"{PROGRAM}.certificate.number": resident_id("20261125")},
        f"{PROGRAM}.certificate.number",
        "certificate.birth_date",
    ),
    (
        {f"{PROGRAM}.certificate.type": "passport", f"{PROGRAM}.certificate.number": "E 1"},
        f"{PROGRAM}.certificate.number",
        "certificate.malformed",
    ),
    (
        {f"{PROGRAM}.certificate.number": resident_id("20101125")},
        f"{PROGRAM}.certificate.number",
        "age.minor",
    ),
    (
        {f"{PROGRAM}.certificate.valid_from": date(2026, 11, 25)},
        f"{PROGRAM}.certificate.valid_from",
        "certificate.not_yet_valid",
    ),
    (
        {f"{PROGRAM}.certificate.valid_to": date(2016, 3, 1)},
        f"{PROGRAM}.certificate.valid_to",
        "certificate.validity_order",
    ),
    (
        {f"{PROGRAM}.certificate.valid_to": TODAY},
        f"{PROGRAM}.certificate.valid_to",
        "certificate.expired",
    ),
    (
        {f"{PROGRAM}.certificate.valid_to": date(2027, 2, 24)},
        f"{PROGRAM}.certificate.valid_to",
        "certificate.expires_soon",
    ),
    ({f"{PROGRAM}.mobile": "051257000000"}, f"{PROGRAM}.mobile", "mobile.malformed"),
    (
        {f"{PROGRAM}.emergency_mobile": "1390000"},
        f"{PROGRAM}.emergency_mobile",
        "emergency_mobile.malformed",
    ),
    (
        {f"{PROGRAM}.emergency_mobile": "13900000003"},
        f"{PROGRAM}.emergency_mobile",
        "emergency_mobile.same",
    ),
    ({f"{PROGRAM}.email": "wang.fang"}, f"{PROGRAM}.email", "email.malformed"),
    ({f"{PROGRAM}.mobile": "13900000001"}, f"{PROGRAM}.mobile", "mobile.shared"),
    (
        {f"{PROGRAM}.certificate.number": "320599197001010012"},
        f"{PROGRAM}.name",
        "name.differs",
    ),
    ({f"{PRINCIPAL}.name": "李鸣"}, f"{PRINCIPAL}.name", "name.differs"),
    (
        {f"{PRINCIPAL}.certificate.valid_from": date(2018, 6, 2)},
        f"{PRINCIPAL}.certificate",
        "certificate.differs",
    ),
    ({LEGAL: None}, LEGAL, "legal_representative.missing"),
]


@pytest.mark.parametrize(("changes", "path", "code"), FAULTS)
def test_refused(edited: Edit, changes: Mapping[str, Any], path: str, code: str) -> None:
    problems = found(edited(changes))
    assert problems[path, code].severity == "error", problems


WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"mini_program.name": "昆山小程序"}, "mini_program.name", "name.generic"),
    ({"mini_program.name": "12345"}, "mini_program.name", "name.no_words"),
    ({"mini_program.name": "中国示例商城"}, "mini_program.name", "name.national"),
    (
        {"subject.certificate.type": "unified_code_certificate"},
        "subject.certificate.type",
        "certificate.unusual_type",
    ),
    (
        {"subject.certificate.number": credit_code("12")},
        "subject.certificate.number",
        "certificate.other_applicant_type",
    ),
    (
        {"subject.certificate.address": "浙江省杭州市示例路1号"},
        "subject.province",
        "province.differs_from_certificate",
    ),
    ({f"{PROGRAM}.email": "Li.Ming@example.com"}, f"{PROGRAM}.email", "email.shared"),
    # 江苏 takes persons of 16 with papers
    (
        {f"{PROGRAM}.certificate.number": resident_id("20101124")},
        f"{PROGRAM}.certificate.number",
        "age.minor_in_province",
    ),
]


@pytest.mark.parametrize(("changes", "path", "code"), WARNINGS)
def test_warned(edited: Edit, changes: Mapping[str, Any], path: str, code: str) -> None:
    application = edited(changes)
    assert found(application)[path, code].severity == "warning"
    assert errors(check(application, None, TODAY)) == []


REMARK = "面向昆山本地商户的线上商城,浏览商品与下单,到店自提或送货上门"

JUST_GOOD: list[dict[str, Any]] = [
    {"mini_program.name": "昆山"},
    {"mini_program.name": ("昆山示例商城" * 3)[:15]},
    {"mini_program.remark": REMARK[:20]},
    {"mini_program.remark": (REMARK * 9)[:200]},
    {"mini_program.service_contents": ["ecommerce", "tools", "travel", "catering", "recruitment"]},
    {"subject.address": "昆山市场路1号"},
    {"subject.address": "苏州路1号"},
    {"subject.subject_number": "苏ICP备2026000001号"},
    {"subject.province": "北京市", "subject.city": "市辖区", "subject.district": "海淀区"}
    | {"subject.certificate.address": "北京市海淀区示例路1号"},
    {f"{PROGRAM}.certificate.valid_to": date(2027, 2, 25)},
    {f"{PROGRAM}.certificate.valid_from": TODAY},
    {f"{PROGRAM}.certificate.number": resident_id("20081124")},
    {f"{PROGRAM}.emergency_mobile": "13900000001"},
    {f"{PROGRAM}.certificate.type": "passport", f"{PROGRAM}.certificate.number": "E12345678"},
    both("mobile", "13700000000"),
]


@pytest.mark.parametrize("changes", JUST_GOOD)
def test_just_good(edited: Edit, changes: Mapping[str, Any]) -> None:
    assert check(edited(changes), None, TODAY) == ()


def test_ningxia_wants_six_months(edited: Edit) -> None:
    place = {"subject.province": "宁夏回族自治区", "subject.city": "银川市"}
    changes = {**place, "subject.district": "兴庆区", "subject.certificate.address": "银川市"}
    path = f"{PROGRAM}.certificate.valid_to"
    for last_day, told in ((date(2027, 5, 24), True), (date(2027, 5, 25), False)):
        application = edited({**changes, path: last_day})
        assert ((path, "certificate.expires_soon") in found(application)) is told


@pytest.mark.parametrize(
    ("valid_to", "code"),
    [
        (None, None),
        ("长期", None),
        (date(2027, 2, 25), None),
        (date(2027, 2, 24), "certificate.expires_soon"),
        (TODAY, "certificate.expired"),
    ],
)
def test_how_long_the_subjects_certificate_is_valid(
    edited: Edit, valid_to: Any, code: str | None
) -> None:
    path = "subject.certificate.valid_to"
    assert list(found(edited({path: valid_to}))) == ([(path, code)] if code else [])


def test_a_minor_is_refused_where_no_exception_is_known(edited: Edit) -> None:
    young = {f"{PROGRAM}.certificate.number": resident_id("20101124")}
    place = {"subject.province": "浙江省", "subject.city": "杭州市", "subject.district": "西湖区"}
    problems = found(edited({**young, **place}))
    assert problems[f"{PROGRAM}.certificate.number", "age.minor"].severity == "error"


def test_a_principal_who_is_not_the_legal_representative(edited: Edit) -> None:
    other = {
        f"{LEGAL}.name": "赵强",
        f"{LEGAL}.certificate.number": resident_id("19600303"),
        f"{LEGAL}.mobile": "13900000005",
        f"{LEGAL}.emergency_mobile": "13900000006",
    }
    problems = found(edited(other))
    assert problems["materials", "material.missing_authorisation_letter"].severity == "error"
    assert problems[PRINCIPAL, "principal.must_be_one_person"].severity == "warning"
    letter = {"type": "authorisation_letter", "file": "letter.png", "signed_on": TODAY}
    application = edited({"materials.5": letter})
    assert errors(check(application, None, TODAY)) == []
    shanghai = {
        "subject.province": "上海市",
        "subject.city": "上海市",
        "subject.district": "徐汇区",
    }
    warned = found(edited({**shanghai, "subject.certificate.address": "徐汇区示例路1号"}))
    assert list(warned) == [(PRINCIPAL, "principal.not_legal_representative")]


def test_the_legal_representatives_phone_is_not_the_principals(edited: Edit) -> None:
    other = {f"{LEGAL}.name": "赵强", f"{LEGAL}.certificate.number": resident_id("19600303")}
    assert (f"{PRINCIPAL}.mobile", "mobile.shared") in found(edited(other))


def test_one_person_as_both_principals(edited: Edit, example_data: dict[str, Any]) -> None:
    person = example_data["subject"]["principal"]
    papers = [m for m in example_data["materials"] if "mini_program" not in m["type"]]
    application = edited({PROGRAM: person, "materials": papers})
    assert check(application, None, TODAY) == ()


def test_every_problem_at_once_and_nothing_private_in_full(edited: Edit) -> None:
    merged = {path: value for changes, _, _ in FAULTS for path, value in changes.items()}
    merged.pop(LEGAL)
    application = edited(merged)
    problems = check(application, None, TODAY)
    assert len({p.path for p in problems}) > 15
    assert len({(p.path, p.code) for p in problems}) == len(problems)
    text = "".join(p.message + p.fix for p in problems)
    people = (application.subject.principal, application.mini_program.principal)
    for person in people:
        for private in (person.certificate.number, person.mobile, person.emergency_mobile):
            assert private not in text
    assert application.subject.certificate.number not in text


def test_a_shared_phone_is_shown_masked(edited: Edit) -> None:
    problems = found(edited({f"{PROGRAM}.mobile": "13900000001"}))
    assert "139******01" in problems[f"{PROGRAM}.mobile", "mobile.shared"].message


texts = st.text(max_size=30) | st.sampled_from(
    [
        "江苏省",
        "苏州市",
        "昆山市",
        "320599197001010012",
        "13900000001",
        "culture",
        "tools",
        "a@b.cc",
    ]
)
persons = st.builds(
    Person,
    name=texts,
    certificate=st.builds(
        PersonCertificate,
        type=st.sampled_from(CertificateType),
        number=texts,
        valid_from=st.dates(),
        valid_to=st.dates() | st.just("长期"),
    ),
    mobile=texts,
    email=texts,
    emergency_mobile=texts,
)
applications = st.builds(
    Application,
    kind=st.sampled_from(Kind),
    filing_number=st.none() | texts,
    effective_on=st.none() | st.dates(),
    cancellation_reason=st.none() | st.sampled_from(CancellationReason),
    mini_program=st.builds(
        MiniProgram,
        appid=texts,
        name=texts,
        remark=texts,
        service_contents=st.lists(texts, max_size=3),
        pre_approvals=st.lists(
            st.builds(PreApproval, category=texts, number=texts, valid_to=st.dates()), max_size=2
        ),
        principal=persons,
    ),
    subject=st.builds(
        Subject,
        type=st.sampled_from(ApplicantType),
        name=texts,
        certificate=st.builds(
            SubjectCertificate,
            type=st.sampled_from(CertificateType),
            number=texts,
            address=texts,
        ),
        province=texts,
        city=texts,
        district=texts,
        address=texts,
        legal_representative=st.none() | persons,
        principal=persons,
        subject_number=st.none() | texts,
    ),
    materials=st.lists(
        st.builds(
            Material,
            type=st.sampled_from(MaterialType),
            file=texts,
            side=st.sampled_from(["front", "back", None]),
            category=st.none() | texts,
            signed_on=st.none() | st.dates(),
            sha256=st.none() | texts,
        ),
        max_size=3,
    ),
    contact=st.builds(Contact, email=texts),
)


@settings(max_examples=60)
@given(applications)
def test_total_and_without_double_problems(application: Application) -> None:
    nothing_read: dict[str, FileFacts] = {}
    on_file = OnFile(mini_program=application.mini_program, subject=application.subject)
    known = application.model_copy(update={"on_file": on_file})
    for files, sent in ((None, application), (nothing_read, application), (None, known)):
        problems = check(sent, files, TODAY)
        assert errors(problems)
        assert len({(p.path, p.code, p.message) for p in problems}) == len(problems)
        assert all(p.message and p.fix for p in problems)
