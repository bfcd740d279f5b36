"""Which materials an application needs, and why: the list to collect papers by, and to check them.

The rules are data (`filing.material_rules`); here they are applied to one application.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from filing import divisions
from filing.application import Application, Material, Person
from filing.changes import differences
from filing.checks_people import minors_age, same_person
from filing.material_rules import (
    Circumstance,
    Image,
    Need,
    Rule,
    When,
    material_rules,
)
from filing.model import Model
from filing.rules import Mark
from filing.vocabulary import (
    CHANGES,
    MATERIAL_LABELS,
    PRE_APPROVALS,
    ApplicantType,
    CertificateType,
    Kind,
    MaterialType,
    Principal,
)

PRINCIPALS_PAPERS = {
    MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE: Principal.SUBJECT,
    MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE: Principal.MINI_PROGRAM,
}
"""Identity papers, by whose they are."""

Side = Literal["front", "back"]

SIDE_LABELS: dict[Side, str] = {"front": "人像面", "back": "国徽面"}
"""Of an identity card; other papers of a person are one page [O WXJ principal_info]."""


class Requirement(Model):
    """One paper that is asked for; side, person and category where it is about one of them."""

    type: MaterialType
    need: Need
    side: Side | None = None
    person: Principal | None = None
    category: str | None = None
    why: str
    source: str
    mark: Mark
    form: str
    image: Image
    signed_within_months: int | None = None
    met_by: tuple[MaterialType, ...] = ()
    most: int | None = None
    template: str | None = None
    change_unknown: bool = False
    """Only needed if the change touches what it is about, and what is on file is not known here."""

    @property
    def label(self) -> str:
        """Its Chinese name, with side and category."""
        which = SIDE_LABELS[self.side] if self.side else PRE_APPROVALS.get(self.category or "")
        return MATERIAL_LABELS[self.type] + (f"({which})" if which else "")

    @property
    def entry(self) -> str:
        """How it is written in an application's `materials`."""
        keys = {"type": self.type.value, "side": self.side, "category": self.category, "file": "…"}
        return "{" + ", ".join(f"{key}: {value}" for key, value in keys.items() if value) + "}"

    def met(self, material: Material) -> bool:
        """Whether this material is the one that is asked for."""
        return (
            (material.type is self.type or material.type in self.met_by)
            and self.side in (None, material.side)
            and self.category in (None, material.category)
        )


def required_materials(application: Application, today: date) -> tuple[Requirement, ...]:
    """What is asked for: required papers first, then conditional and optional ones; `today` is the
    day in China.

    A change asks for the papers of what changed; where what is on file is not known, for those that
    its kind can touch, each under that condition.
    """
    return asked_for(application, today).papers


class Asked(NamedTuple):
    """What is asked for, and what the checks want to know of it."""

    papers: tuple[Requirement, ...]
    demanded: tuple[Requirement, ...]
    """Those whose lack is told; of the lack of a pre-approval's, `filing.pre_approvals` tells."""
    places: frozenset[tuple[MaterialType, str | None]]
    """Type and side of each of these: where all are there, none lacks."""
    types: frozenset[MaterialType]
    """Of every paper that is of use."""
    most: Mapping[MaterialType, int]
    """How many of a type are taken, where that is limited."""


def asked_for(application: Application, today: date) -> Asked:
    """What `required_materials` gives, prepared for the checks."""
    program, subject = application.mini_program, application.subject
    return _asked_in(
        Situation(
            kind=application.kind,
            province=divisions.abbreviation(subject.province),
            circumstances=circumstances(application, today),
            changed=_changed(application),
            on_file_unknown=application.kind in CHANGES and application.on_file is None,
            subject_principal=subject.principal.certificate.type,
            mini_program_principal=program.principal.certificate.type,
            pre_approvals=_to_be_filed(application) if program.pre_approvals else (),
            today=today,
        )
    )


def _to_be_filed(application: Application) -> tuple[str, ...]:
    """Categories of pre-approvals that were declared and are not on file yet."""
    on_file = application.on_file
    filed = (on_file.mini_program.pre_approvals if on_file else None) or ()
    declared = application.mini_program.pre_approvals or ()
    new = (a.category for a in declared if a not in filed and a.category in PRE_APPROVALS)
    return tuple(dict.fromkeys(new))


class Situation(NamedTuple):
    """All of an application on which it depends what is asked for: no name, no number."""

    kind: Kind
    province: str | None
    """Its one character."""
    circumstances: frozenset[Circumstance]
    changed: tuple[str, ...] | None
    """Paths; None for what is no change."""
    on_file_unknown: bool
    """Whether this is a change of nobody knows what."""
    subject_principal: CertificateType
    mini_program_principal: CertificateType
    """Of an identity card both sides are asked for."""
    pre_approvals: tuple[str, ...]
    today: date


@lru_cache(maxsize=1000)
def _asked_in(situation: Situation) -> Asked:
    """Kept, for an agency's filings are in few situations."""
    found = [
        one
        for rule in material_rules().rules
        if _holds(rule.when, situation)
        and (
            situation.changed is None
            or rule.need == "optional"
            or _touched(rule.concerns, situation.changed)
        )
        for one in _expanded(rule, situation)
    ]
    needs = ("required", "conditional", "optional")
    papers = tuple(sorted(found, key=lambda one: needs.index(one.need)))
    demanded = tuple(
        one
        for one in papers
        if one.need != "optional" and one.type is not MaterialType.PRE_APPROVAL
    )
    return Asked(
        papers=papers,
        demanded=demanded,
        places=frozenset((one.type, one.side) for one in demanded),
        types=frozenset(kind for one in papers for kind in (one.type, *one.met_by)),
        most={one.type: one.most for one in papers if one.most is not None},
    )


def circumstances(application: Application, today: date) -> frozenset[Circumstance]:
    """What is so of an application, as far as rules may ask."""
    subject, of_program = application.subject, application.mini_program.principal
    legal, of_subject = subject.legal_representative, subject.principal
    so: list[Circumstance] = []
    if subject.type is ApplicantType.INDIVIDUAL:
        so.append(Circumstance.INDIVIDUAL)
        if from_other_province(application):
            so.append(Circumstance.FROM_OTHER_PROVINCE)
    else:
        so.append(Circumstance.ORGANISATION)
        if legal is not None and not same_person(legal, of_subject):
            so.append(Circumstance.DELEGATED)
        if legal is not None and not same_person(legal, of_program):
            so.append(Circumstance.MINI_PROGRAM_DELEGATED)
    if same_person(of_subject, of_program):
        so.append(Circumstance.ONE_PRINCIPAL)
    if _is_minor(of_subject, today) or _is_minor(of_program, today):
        so.append(Circumstance.MINOR)
    return frozenset(so)


def from_other_province(application: Application) -> bool:
    """Whether the subject's identity card was first issued in another province than it files in."""
    certificate = application.subject.certificate
    code = divisions.province_code(application.subject.province)
    if code is None or certificate.type is not CertificateType.RESIDENT_ID:
        return False
    return not certificate.number.startswith(code[:2])


def _is_minor(person: Person, today: date) -> bool:
    certificate = person.certificate
    of_citizen = certificate.type is CertificateType.RESIDENT_ID
    return of_citizen and minors_age(certificate, today) is not None


def _holds(when: When, situation: Situation) -> bool:
    holding, province = situation.circumstances, situation.province
    return (
        situation.kind in when.kinds
        and (not when.provinces or province in when.provinces)
        and province not in when.except_provinces
        and holding.issuperset(when.circumstances)
        and holding.isdisjoint(when.unless)
        and (when.since is None or when.since <= situation.today)
    )


def _changed(application: Application) -> tuple[str, ...] | None:
    """What a change changes; what its kind is about, where that is not known; None for no change."""
    if application.kind not in CHANGES:
        return None
    if application.on_file is None:
        return ("subject",) if application.kind is Kind.CHANGE_SUBJECT else ("mini_program",)
    return differences(application)


def _touched(concerns: Sequence[str], changed: Sequence[str]) -> bool:
    return any(
        one == path or one.startswith(f"{path}.") or path.startswith(f"{one}.")
        for one in concerns
        for path in changed
    )


def _expanded(rule: Rule, situation: Situation) -> Iterator[Requirement]:
    """A requirement for each side, or for each pre-approval, that the rule is about."""
    rules = material_rules()
    unknown = situation.on_file_unknown and rule.need != "optional"
    one = Requirement(
        type=rule.type,
        need="conditional" if unknown else rule.need,
        why=f"变更涉及此项时:{rule.why}" if unknown else rule.why,
        source=rule.source,
        mark=rule.mark,
        form=rule.form,
        image=rules.image,
        signed_within_months=rules.letter_months if rule.letter else None,
        met_by=rule.met_by,
        most=rule.most,
        template=rule.template,
        change_unknown=unknown,
    )
    if rule.each is None:
        yield one
    elif rule.each == "pre_approval":
        for category in situation.pre_approvals:
            yield one.model_copy(update={"category": category})
    else:
        principal = Principal(rule.each)
        named = one.model_copy(update={"person": principal})
        certificate: CertificateType = getattr(situation, rule.each)
        if certificate is CertificateType.RESIDENT_ID:
            for side in SIDE_LABELS:
                yield named.model_copy(update={"side": side})
        else:
            yield named


def principal_of(application: Application, principal: Principal) -> Person:
    """The person in that charge."""
    if principal is Principal.SUBJECT:
        return application.subject.principal
    return application.mini_program.principal


def demands(one: Requirement) -> str:
    """What the paper itself must be, in Chinese: original, signature, seal, and how old it may be."""
    months = one.signed_within_months
    return one.form + (f";签署日期为当天或 {months} 个月以内" if months else "")


_FORMATS = {"image/png": "PNG", "image/jpeg": "JPG(JPEG)"}


def image_demands(image: Image) -> str:
    """What every file must be, in Chinese."""
    formats = "、".join(_FORMATS.get(kind, kind) for kind in image.media_types)
    shorter, longer = image.least_sides
    return (
        f"{formats} 图片,不超过 {image.most_bytes / 1024 / 1024:g} MB,"
        f"不小于 {shorter}×{longer} 像素(横竖均可),{image.form}"
    )
