"""Our application in the API's words (reference section 2): the only place that writes its fields."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from filing.application import Application, Person, PersonCertificate
from filing.vocabulary import ApplicantType
from gateways.submissions import MediaKey
from gateways.wechat.names import Ids
from gateways.wechat.papers import papers


def body(
    application: Application,
    ids: Ids,
    media: Mapping[MediaKey, str],
    *,
    face_check: str | None = None,
) -> dict[str, Any]:
    """The body of an application; `media` gives the media id of each paper, `face_check` is the task
    that the mini program's principal has passed."""
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
        if paper.key is not None:
            _place(parts, paper.field, media[paper.key])
    if face_check is not None:
        # Of the mini program's principal only, never of the subject's.
        parts["icp_applets"]["principal_info"]["verify_task_id"] = face_check
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
