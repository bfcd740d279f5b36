"""Example applications: complete, valid and invented, with drawn papers.

One for every kind of filing and every sort of applicant, each of another subject, so that all of
them may be started side by side.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from filing.application import (
    LONG_TERM,
    Application,
    Contact,
    Material,
    MiniProgram,
    OnFile,
    Person,
    PreApproval,
    Subject,
    Verification,
)
from filing.checks_people import same_person
from filing.identifiers import is_appid
from filing.materials import required_materials
from filing.vocabulary import (
    APPLICANT_LABELS,
    CANCELLATIONS,
    CHANGES,
    KIND_LABELS,
    ApplicantType,
    CancellationReason,
    CertificateType,
    Kind,
    MaterialType,
)
from operations.example_papers import draw_papers
from operations.example_parts import (
    ANNA,
    ENTERPRISE,
    KUNSHAN,
    LATIN,
    PUDONG,
    SORTS,
    WANG_FANG,
    XIHU,
    ZHAO_QIANG,
    Place,
    Sort,
    individual,
    invented_credit_code,
    invented_resident_id,
    invented_subject_number,
    organisation,
    person,
    resident_id,
    slug,
)
from operations.example_text import as_yaml

CONTACT = Contact(email="ops@example.com")

AHEAD = timedelta(days=30)
"""How long before it holds a change is applied for (filing/checks_kind.py)."""

_FIRST = "new-organisation"
_FIRST_APPID, _FIRST_CREDIT_CODE = "wx1a2b3c4d5e6f7a8b", "91320583MAEXAMP14T"
"""Of the one that is read most: memorable. Those of the others are drawn from their names."""


@dataclass(frozen=True)
class _Example:
    title: str
    build: Callable[[str], Application]
    """The application without materials and dates, from a seed for all its numbers: an appid."""
    owner: str = ENTERPRISE.latin
    """The subject's name in Latin letters."""
    more: tuple[MaterialType, ...] = ()
    """Materials beside those that every such application has."""


def write_example(name: str, folder: Path, today: date | None, appid: str | None = None) -> Path:
    """Write the example application and its papers into `folder`, over what is there.

    Letters are dated `today`, and a change holds 30 days later; None leaves both out, as in the
    committed `examples/`, which must stay valid. Another `appid` is another subject's, too, for one
    subject has one open filing. Returns the application file; ValueError names what is wrong with an
    argument.
    """
    example = _EXAMPLES.get(name)
    if example is None:
        raise ValueError(f"没有示例 {name!r},可用的示例:{'、'.join(_EXAMPLES)}")
    if appid is not None and not is_appid(appid):
        raise ValueError("AppID 应为 wx 加 16 位小写十六进制字符")
    own = _FIRST_APPID if name == _FIRST else f"wx{sha256(name.encode()).hexdigest()[:16]}"
    application = example.build(appid or own)
    if name == _FIRST and appid in (None, own):
        application = _with_credit_code(application, _FIRST_CREDIT_CODE)
    asked = required_materials(application, today or date.max)
    application = application.model_copy(
        update={
            "materials": tuple(
                paper
                for paper in _materials(name, application, today, example.more)
                if any(one.met(paper) for one in asked)
            ),
            "effective_on": today + AHEAD if today and application.kind in CHANGES else None,
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    draw_papers(application, example.owner, folder)
    file = folder / f"{name}.yaml"
    title = f"{KIND_LABELS[application.kind]}示例:{example.title}。"
    file.write_text(as_yaml(application, title), encoding="utf-8")
    return file


def example_names() -> tuple[str, ...]:
    """The names that `write_example` knows."""
    return tuple(_EXAMPLES)


def example_titles() -> dict[str, str]:
    """What each example is, in Chinese, by its name."""
    return {name: example.title for name, example in _EXAMPLES.items()}


def _with_credit_code(application: Application, number: str) -> Application:
    certificate = application.subject.certificate.model_copy(update={"number": number})
    subject = application.subject.model_copy(update={"certificate": certificate})
    return application.model_copy(update={"subject": subject})


def _materials(
    name: str, application: Application, today: date | None, more: tuple[MaterialType, ...]
) -> Iterator[Material]:
    """The papers that an application asks for, in its own order."""
    if application.kind in CANCELLATIONS:
        return
    subject, program = application.subject, application.mini_program

    def paper(kind: MaterialType, word: str, category: str | None = None) -> Material:
        return Material(type=kind, file=f"materials/{name}-{word}.png", category=category)

    def letter(kind: MaterialType, word: str) -> Material:
        return paper(kind, word).model_copy(update={"signed_on": today})

    if subject.type is not ApplicantType.INDIVIDUAL:
        yield paper(MaterialType.SUBJECT_CERTIFICATE, "certificate")
    yield from _cards(MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE, subject.principal)
    if not same_person(subject.principal, program.principal):
        yield from _cards(MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE, program.principal)
    for approval in program.pre_approvals or ():
        yield paper(MaterialType.PRE_APPROVAL, "pre-approval", approval.category)
    legal = subject.legal_representative
    if legal is not None and not same_person(legal, subject.principal):
        yield letter(MaterialType.AUTHORISATION_LETTER, "authorisation")
    yield letter(MaterialType.SERVICE_COMMITMENT, "commitment")
    for kind in more:
        yield paper(kind, kind.value.replace("_", "-"))


def _cards(kind: MaterialType, holder: Person) -> Iterator[Material]:
    """Both sides of an identity card, the one page of a passport."""
    stem = f"materials/{slug(holder.name)}"
    if holder.certificate.type is not CertificateType.RESIDENT_ID:
        yield Material(type=kind, file=f"{stem}.png")
        return
    yield Material(type=kind, side="front", file=f"{stem}-front.png")
    yield Material(type=kind, side="back", file=f"{stem}-back.png")


def _program(sort: Sort, appid: str, principal: Person = WANG_FANG) -> MiniProgram:
    return MiniProgram(
        appid=appid,
        name=sort.program,
        remark=sort.remark,
        service_contents=(sort.content,),
        pre_approvals=(),
        principal=principal,
    )


def _new(program: MiniProgram, subject: Subject) -> Application:
    return Application(kind=Kind.NEW, mini_program=program, subject=subject, contact=CONTACT)


def _of_sort(sort: Sort) -> Callable[[str], Application]:
    def build(seed: str) -> Application:
        number = invented_credit_code(seed, sort.prefix)
        return _new(_program(sort, seed), organisation(sort, number))

    return build


def _of_individual(name: str, place: Place, phone: int) -> Callable[[str], Application]:
    def build(seed: str) -> Application:
        card = resident_id(invented_resident_id(seed), date(2020, 7, 1))
        who = person(name, card, phone)
        program = MiniProgram(
            appid=seed,
            name="示例记账本",
            remark="个人使用的记账工具,记录日常收支并按月汇总,不提供交易与支付",
            service_contents=("tools",),
            pre_approvals=(),
            principal=who,
        )
        return _new(program, individual(who, place))

    return build


def _second_mini_program(seed: str) -> Application:
    program = _program(ENTERPRISE, seed).model_copy(
        update={
            "name": "昆山示例门店",
            "remark": "展示本公司在昆山各门店的地址、营业时间与到店活动,不提供交易",
            "service_contents": ("corporate_site",),
        }
    )
    return _new(program, _filed_before(seed))


def _with_pre_approval(seed: str) -> Application:
    approval = PreApproval(
        category="drugs_and_devices", number="(苏)-经营性-示例-0001", valid_to=LONG_TERM
    )
    program = _program(ENTERPRISE, seed).model_copy(
        update={
            "name": "昆山示例药房",
            "remark": "提供非处方药与家用医疗器械的信息查询、下单与到店自提服务",
            "service_contents": ("ecommerce", approval.category),
            "pre_approvals": (approval,),
        }
    )
    return _new(program, organisation(ENTERPRISE, invented_credit_code(seed)))


def _with_authorisation_letter(seed: str) -> Application:
    # In 江苏 a letter is taken where one person is both principals (checks_people.py).
    subject = organisation(ENTERPRISE, invented_credit_code(seed), principal=WANG_FANG)
    return _new(_program(ENTERPRISE, seed), subject)


def _with_passport(seed: str) -> Application:
    # In 上海 a legal representative with a passport may be the principal (`domain.md` 3.8).
    number = invented_credit_code(seed, division=PUDONG.division)
    subject = organisation(ENTERPRISE, number, PUDONG, legal=ANNA, principal=ANNA)
    subject = subject.model_copy(update={"name": "上海示例信息技术有限公司"})
    program = _program(ENTERPRISE, seed).model_copy(
        update={
            "name": "浦东示例商城",
            "remark": "面向浦东本地商户的线上商城,提供商品浏览、下单、支付与售后服务",
        }
    )
    return _new(program, subject)


def _with_verification(seed: str) -> Application:
    application = _of_sort(ENTERPRISE)(seed)
    return application.model_copy(update={"verification": Verification(auth_data={})})


def _filed_before(seed: str) -> Subject:
    """A subject that has a number."""
    return organisation(
        ENTERPRISE, invented_credit_code(seed), subject_number=invented_subject_number(seed)
    )


def _about(kind: Kind) -> Callable[[str], Application]:
    """A change or cancellation of what `_filed_before` has on file."""

    def build(seed: str) -> Application:
        subject, program = _filed_before(seed), _program(ENTERPRISE, seed)
        on_file = OnFile(mini_program=program, subject=subject)
        application = Application(
            kind=kind,
            mini_program=program,
            subject=subject,
            contact=CONTACT,
            filing_number=f"{subject.subject_number}-1X",
        )
        match kind:
            case Kind.CHANGE_SUBJECT:
                # Moved, and the legal representative, who is in charge of both, is another one.
                moved = organisation(
                    ENTERPRISE,
                    subject.certificate.number,
                    legal=ZHAO_QIANG,
                    principal=ZHAO_QIANG,
                    road="示例路66号",
                    subject_number=subject.subject_number,
                )
                changed: dict[str, object] = {
                    "subject": moved,
                    "mini_program": program.model_copy(update={"principal": ZHAO_QIANG}),
                    "on_file": on_file,
                }
            case Kind.CHANGE_MINI_PROGRAM:
                renamed = {"name": "昆山示例新商城", "principal": ZHAO_QIANG}
                changed = {
                    "mini_program": program.model_copy(update=renamed),
                    "on_file": on_file,
                }
            case _:
                changed = {"cancellation_reason": CancellationReason.NO_LONGER_OPERATED}
        return application.model_copy(update=changed)

    return build


def _name_of(sort: Sort) -> str:
    return _FIRST if sort is ENTERPRISE else f"new-{sort.type.value.replace('_', '-')}"


_EXAMPLES = {
    **{
        _name_of(sort): _Example(
            f"{APPLICANT_LABELS[sort.type]}({sort.name}),尚无主体备案号",
            _of_sort(sort),
            sort.latin,
            (MaterialType.PARTY_BUILDING_PROOF,)
            if sort.type is ApplicantType.SOCIAL_ORGANISATION
            else (),
        )
        for sort in SORTS
    },
    "new-individual": _Example(
        "个人,尚无主体备案号", _of_individual("陈静", KUNSHAN, 21), LATIN["陈静"]
    ),
    "new-individual-with-residence-permit": _Example(
        "个人,身份证属于外省,附居住证",
        _of_individual("孙丽", XIHU, 23),
        LATIN["孙丽"],
        (MaterialType.RESIDENCE_PERMIT,),
    ),
    "new-second-mini-program": _Example("企业的又一个小程序,已有主体备案号", _second_mini_program),
    "new-with-pre-approval": _Example("企业,涉及前置审批", _with_pre_approval),
    "new-with-authorisation-letter": _Example(
        "企业,负责人不是法定代表人,附授权书", _with_authorisation_letter
    ),
    "new-with-passport": _Example("企业,法定代表人持护照", _with_passport),
    "new-with-verification": _Example("企业,同时认证小程序", _with_verification),
    "change-subject": _Example("企业迁址并更换法定代表人", _about(Kind.CHANGE_SUBJECT)),
    "change-mini-program": _Example("小程序更名并更换负责人", _about(Kind.CHANGE_MINI_PROGRAM)),
    "cancel-subject": _Example(
        "企业不再运营任何小程序(start 时须用 --confirm 确认主体名称)", _about(Kind.CANCEL_SUBJECT)
    ),
    "cancel-mini-program": _Example("小程序不再运营", _about(Kind.CANCEL_MINI_PROGRAM)),
    "cancel-access": _Example("小程序不再由本平台接入", _about(Kind.CANCEL_ACCESS)),
}
"""The example applications, by name."""
