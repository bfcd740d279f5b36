"""Our application in the API's words (reference section 2): the only place that writes its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from filing.application import Application, Material, Person, PersonCertificate
from filing.authority import Reason
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    NO_PRE_APPROVAL,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    ApplicantType,
    CertificateType,
    MaterialType,
)
from gateways.wechat.lists import Area, Lists

OTHER_LIMIT = 10
"""Most files in each of the two fields for other materials."""

Principal = Literal["subject", "mini_program"]


@dataclass(frozen=True)
class Ids:
    """The authority's ids of what the application names."""

    subject_type: int
    subject_certificate: int
    subject_principal_certificate: int
    mini_program_principal_certificate: int
    area: Area
    contents: tuple[int, ...]
    pre_approvals: tuple[int, ...]
    no_pre_approval: int


@dataclass(frozen=True)
class Paper:
    """One file in one field: `field` is the API's path, `index` the material's place in ours."""

    field: str
    index: int
    sha256: str | None
    certificate_type: int | None = None


def identify(application: Application, lists: Lists) -> Ids | tuple[Reason, ...]:
    """Look every name up; what is not in the live lists comes back as reasons, by our paths."""
    unlisted: list[Reason] = []

    def known(found: int | None, path: str, name: str) -> int:
        if found is None:
            unlisted.append(
                Reason(
                    field=path,
                    reason=f"备案系统的选项中没有「{name}」",
                    suggestion="请改选备案系统现有的选项",
                )
            )
            return 0
        return found

    subject, program = application.subject, application.mini_program
    label = APPLICANT_LABELS[subject.type]
    subject_type = known(lists.subject(label), "subject.type", label)
    individual = lists.subject(APPLICANT_LABELS[ApplicantType.INDIVIDUAL])

    def certificate(kind: CertificateType, owner: int | None, path: str) -> int:
        name = CERTIFICATE_LABELS[kind]
        return known(lists.certificate(name, owner), path, name)

    area = lists.area(subject.province, subject.city, subject.district)
    levels = (
        ("province", subject.province, area.province),
        ("city", subject.city, area.city),
        ("district", subject.district, area.district),
    )
    for path, name, code in levels:
        if code is None:
            known(None, f"subject.{path}", name)
            break
    ids = Ids(
        subject_type=subject_type,
        subject_certificate=certificate(
            subject.certificate.type, subject_type, "subject.certificate.type"
        ),
        subject_principal_certificate=certificate(
            subject.principal.certificate.type, individual, "subject.principal.certificate.type"
        ),
        mini_program_principal_certificate=certificate(
            program.principal.certificate.type,
            individual,
            "mini_program.principal.certificate.type",
        ),
        area=area,
        contents=tuple(
            known(
                lists.content(SERVICE_CONTENTS.get(content, content)),
                f"mini_program.service_contents.{i}",
                SERVICE_CONTENTS.get(content, content),
            )
            for i, content in enumerate(program.service_contents)
        ),
        pre_approvals=tuple(
            known(
                lists.pre_approval(PRE_APPROVALS.get(approval.category, approval.category)),
                f"mini_program.pre_approvals.{i}.category",
                PRE_APPROVALS.get(approval.category, approval.category),
            )
            for i, approval in enumerate(program.pre_approvals or ())
        ),
        no_pre_approval=known(
            lists.pre_approval(NO_PRE_APPROVAL), "mini_program.pre_approvals", NO_PRE_APPROVAL
        ),
    )
    return tuple(unlisted) or ids


def papers(application: Application, ids: Ids) -> tuple[Paper, ...]:
    """Which file goes into which field, each list field within its limit.

    A letter of authorisation that names nobody goes to both principals. Both principals being one
    person, the subject's photos serve both. What no field is for, and what one field cannot hold,
    goes to the other materials of the subject or of the mini program.
    """
    found: list[Paper] = []
    placed: set[int] = set()

    def put(field: str, index: int | None, certificate_type: int | None = None) -> None:
        if index is not None:
            placed.add(index)
            sha256 = application.materials[index].sha256
            found.append(Paper(field, index, sha256, certificate_type))

    held = list(enumerate(application.materials))
    of_type = {
        kind: [(i, m) for i, m in held if m.type is kind] for kind in {m.type for _, m in held}
    }

    def first(kind: MaterialType) -> int | None:
        return next((i for i, _ in of_type.get(kind, [])), None)

    put(
        "icp_subject.organize_info.certificate_photo",
        first(MaterialType.SUBJECT_CERTIFICATE),
        ids.subject_certificate,
    )
    own = of_type.get(MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE, [])
    theirs = of_type.get(MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE, [])
    if not theirs and _same_person(application):
        theirs = own
    for part, photos, certificate in (
        ("icp_subject", own, ids.subject_principal_certificate),
        ("icp_applets", theirs, ids.mini_program_principal_certificate),
    ):
        front, back = _sides(photos)
        put(f"{part}.principal_info.certificate_photo_front", front, certificate)
        put(f"{part}.principal_info.certificate_photo_back", back, certificate)
    for index, letter in of_type.get(MaterialType.AUTHORISATION_LETTER, []):
        for part, person in (
            ("icp_subject", "subject_principal"),
            ("icp_applets", "mini_program_principal"),
        ):
            field = f"{part}.principal_info.authorization_letter"
            if letter.person in (None, person) and all(p.field != field for p in found):
                put(field, index)
    put("icp_subject.personal_info.residence_permit", first(MaterialType.RESIDENCE_PERMIT))
    for i, approval in enumerate(application.mini_program.pre_approvals or ()):
        documents = of_type.get(MaterialType.PRE_APPROVAL, [])
        fitting = (j for j, m in documents if m.category == approval.category)
        put(f"icp_applets.base_info.nrlx_details.{i}.media", next(fitting, None))
    commitment = first(MaterialType.SERVICE_COMMITMENT)
    put(
        "icp_materials.commitment_letter",
        first(MaterialType.COMMITMENT_LETTER) if commitment is None else commitment,
    )
    put(
        "icp_materials.party_building_confirmation_letter",
        first(MaterialType.PARTY_BUILDING_PROOF),
    )
    _put_others(held, placed, put)
    return tuple(found)


def _put_others(held: list[tuple[int, Material]], placed: set[int], put: Any) -> None:
    of_mini_program = {
        MaterialType.ON_SITE_PHOTO,
        MaterialType.AUTHENTICITY_CHECKLIST,
        MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE,
        MaterialType.PRE_APPROVAL,
    }
    counts = {"subject": 0, "applets": 0}
    for index, material in held:
        if index in placed:
            continue
        wanted, spare = ("subject", "applets")
        if material.type in of_mini_program:
            wanted, spare = spare, wanted
        place = wanted if counts[wanted] < OTHER_LIMIT else spare
        counts[place] += 1
        put(f"icp_materials.{place}_other_materials", index)


def body(application: Application, ids: Ids, media: Mapping[str, str]) -> dict[str, Any]:
    """The body of an application; `media` gives the media id of each content (by sha256)."""
    subject, program = application.subject, application.mini_program
    principal, legal = subject.principal, subject.legal_representative
    parts: dict[str, Any] = {
        "icp_subject": {
            "base_info": {
                "type": ids.subject_type,
                "name": subject.name,
                # The list has numbers; here they are strings.
                "province": str(ids.area.province),
                "city": str(ids.area.city),
                "district": str(ids.area.district),
                "address": subject.address,
            },
            "organize_info": {
                "certificate_type": ids.subject_certificate,
                "certificate_number": subject.certificate.number,
                "certificate_address": subject.certificate.address,
            },
            "principal_info": _principal(principal, ids.subject_principal_certificate),
        },
        "icp_applets": {
            "base_info": {
                "service_content_types": list(ids.contents),
                "nrlx_details": [
                    {"type": kind, "code": approval.number}
                    for kind, approval in zip(
                        ids.pre_approvals, program.pre_approvals or (), strict=True
                    )
                ]
                or [{"type": ids.no_pre_approval}],
                "comment": program.remark,
            },
            "principal_info": _principal(program.principal, ids.mini_program_principal_certificate),
        },
        "icp_materials": {},
    }
    if (
        subject.type is not ApplicantType.INDIVIDUAL
        and legal is not None
        and legal.certificate.number != principal.certificate.number
    ):
        parts["icp_subject"]["legal_person_info"] = {
            "name": legal.name,
            "certificate_number": legal.certificate.number,
        }
    for paper in papers(application, ids):
        if paper.sha256 is not None:
            _place(parts, paper.field, media[paper.sha256])
    return parts


def _place(parts: dict[str, Any], field: str, media_id: str) -> None:
    *folders, leaf = field.split(".")
    here: Any = parts
    for folder in folders:
        here = here[int(folder)] if folder.isdigit() else here.setdefault(folder, {})
    if folders[0] == "icp_materials":
        here.setdefault(leaf, []).append(media_id)
    else:
        here[leaf] = media_id


def _principal(person: Person, certificate_type: int) -> dict[str, Any]:
    valid = _validity(person.certificate)
    return {
        "name": person.name,
        "mobile": person.mobile,
        "email": person.email,
        "emergency_contact": person.emergency_mobile,
        "certificate_type": certificate_type,
        "certificate_number": person.certificate.number,
        "certificate_validity_date_start": valid[0],
        "certificate_validity_date_end": valid[1],
    }


def _validity(certificate: PersonCertificate) -> tuple[str, str]:
    start, end = certificate.valid_from, certificate.valid_to
    return f"{start:%Y%m%d}", f"{end:%Y%m%d}" if isinstance(end, date) else end


def _same_person(application: Application) -> bool:
    principals = (application.subject.principal, application.mini_program.principal)
    numbers = {p.certificate.number.upper() for p in principals}
    return len(numbers) == 1


def _sides(photos: list[tuple[int, Material]]) -> tuple[int | None, int | None]:
    """Front and back. Of a paper with one page only (a passport) that page serves for both: how
    the API wants it was not found [UNVERIFIED]."""
    sided = {m.side: i for i, m in reversed(photos) if m.side is not None}
    plain = [i for i, m in photos if m.side is None]
    front = sided.get("front", plain[0] if plain else None)
    return front, sided.get("back", plain[-1] if plain else None)
