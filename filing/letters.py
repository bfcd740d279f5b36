"""The letters that an applicant signs, filled in: the commitment and the authenticity checklist.

Texts are data (`data/letters.yaml`). A letter holds all the data in full, for it is to be signed:
nothing of it may be logged.
"""

from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from filing import divisions
from filing.application import Application, Person
from filing.checks_people import same_person
from filing.materials import required_materials
from filing.model import Model
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    NO_PRE_APPROVAL,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    ApplicantType,
    MaterialType,
)

Template = Literal["service_commitment", "authenticity_checklist"]


class Clause(Model):
    """One thing that is promised, and the rule that it keeps to."""

    text: str
    source: str


class LetterText(Model):
    """What a letter says around the applicant's data."""

    title: str
    opening: str
    clauses: tuple[Clause, ...]
    closing: str


class Entry(Model):
    """One line of data: what it is, and its value in full."""

    label: str
    value: str


class Letter(Model):
    """A letter as it is drawn: `checked` where each entry has a place for the result of its check."""

    type: MaterialType
    title: str
    addressee: str | None
    opening: str
    entries: tuple[Entry, ...]
    checked: bool
    clauses: tuple[str, ...]
    closing: str
    signatures: tuple[str, ...]
    """Before each signature: who signs."""
    sealed: bool
    """Whether an organisation's seal goes onto it."""
    date: date


@cache
def letter_texts() -> dict[Template, LetterText]:
    """The texts. Raises pydantic's `ValidationError` where the file is wrong."""
    text = (resources.files("filing") / "data" / "letters.yaml").read_text(encoding="utf-8")
    templates: tuple[Template, ...] = ("service_commitment", "authenticity_checklist")
    data = yaml.safe_load(text)
    return {name: LetterText.model_validate(data[name]) for name in templates}


def letters(application: Application, day: date) -> tuple[Letter, ...]:
    """The letters that this application can hold and that we have a text for, dated `day`."""
    asked = {one.type for one in required_materials(application, day) if one.template}
    made = []
    if MaterialType.SERVICE_COMMITMENT in asked:
        made.append(_commitment(application, day))
    if MaterialType.AUTHENTICITY_CHECKLIST in asked:
        made.append(_checklist(application, day))
    return tuple(made)


def _commitment(application: Application, day: date) -> Letter:
    subject, program = application.subject, application.mini_program
    individual, legal = subject.type is ApplicantType.INDIVIDUAL, subject.legal_representative
    entries = (
        Entry(label="姓名" if individual else "主办单位名称", value=subject.name),
        _numbered(CERTIFICATE_LABELS[subject.certificate.type], subject.certificate.number),
        *([] if legal is None else [Entry(label="法定代表人", value=legal.name)]),
        Entry(label="小程序名称", value=program.name),
        Entry(label="小程序 AppID", value=program.appid),
    )
    signer = "承诺人（本人签字）" if individual else "法定代表人（签字）"
    letter = _letter("service_commitment", application, day, entries, (signer,))
    return letter.model_copy(
        update={"addressee": f"{subject.province}通信管理局", "checked": False}
    )


def _checklist(application: Application, day: date) -> Letter:
    subject, program = application.subject, application.mini_program
    individual, legal = subject.type is ApplicantType.INDIVIDUAL, subject.legal_representative
    one = same_person(subject.principal, program.principal)
    place = divisions.locate(subject.province, subject.city, subject.district)
    names = (subject.province, subject.city, subject.district)
    if isinstance(place, divisions.Place):
        names = (place.province, place.city, place.district)
    where = "".join(dict.fromkeys(names)) + subject.address
    contents = [SERVICE_CONTENTS.get(content, content) for content in program.service_contents]
    approvals = [
        f"{PRE_APPROVALS.get(a.category, a.category)}：{a.number}"
        for a in program.pre_approvals or ()
    ]
    entries = [
        Entry(label="主办单位性质", value=APPLICANT_LABELS[subject.type]),
        Entry(label="主办单位名称", value=subject.name),
        _numbered(CERTIFICATE_LABELS[subject.certificate.type], subject.certificate.number),
        Entry(label="证件住所", value=subject.certificate.address),
        Entry(label="通讯地址", value=where),
        *([] if legal is None else [_identity("法定代表人", legal)]),
        *_person("主体负责人", subject.principal),
        *(
            [Entry(label="小程序负责人", value="与主体负责人为同一人")]
            if one
            else _person("小程序负责人", program.principal)
        ),
        Entry(label="小程序名称", value=program.name),
        Entry(label="小程序 AppID", value=program.appid),
        Entry(label="服务内容", value="、".join(contents)),
        Entry(label="前置审批", value="；".join(approvals) or NO_PRE_APPROVAL),
    ]
    signers = ["主体负责人（签字）", *([] if one else ["小程序负责人（签字）"])]
    if individual and one:
        signers = ["本人（签字）"]
    return _letter("authenticity_checklist", application, day, tuple(entries), tuple(signers))


def _letter(
    template: Template,
    application: Application,
    day: date,
    entries: tuple[Entry, ...],
    signatures: tuple[str, ...],
) -> Letter:
    text = letter_texts()[template]
    individual = application.subject.type is ApplicantType.INDIVIDUAL
    # replaced one by one: a name may hold braces
    opening = text.opening.replace("{party}", "本人" if individual else "本单位")
    return Letter(
        type=MaterialType(template),
        title=text.title,
        addressee=None,
        opening=opening.replace("{name}", application.mini_program.name),
        entries=entries,
        checked=True,
        clauses=tuple(clause.text for clause in text.clauses),
        closing=text.closing,
        signatures=signatures,
        sealed=not individual,
        date=day,
    )


def _numbered(label: str, number: str) -> Entry:
    return Entry(label=f"{label}号码", value=number)


def _identity(role: str, person: Person) -> Entry:
    kind = CERTIFICATE_LABELS[person.certificate.type]
    return Entry(label=role, value=f"{person.name}，{kind} {person.certificate.number}")


def _person(role: str, person: Person) -> list[Entry]:
    certificate = person.certificate
    return [
        _identity(role, person),
        Entry(
            label=f"{role}证件有效期", value=f"{certificate.valid_from} 至 {certificate.valid_to}"
        ),
        Entry(label=f"{role}手机", value=f"{person.mobile}（应急：{person.emergency_mobile}）"),
        Entry(label=f"{role}邮箱", value=person.email),
    ]
