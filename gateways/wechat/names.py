"""The names of an application looked up in the authority's lists."""

from dataclasses import dataclass

from filing.application import Application
from filing.authority import Reason
from filing.vocabulary import (
    APPLICANT_LABELS,
    CERTIFICATE_LABELS,
    NO_PRE_APPROVAL,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    ApplicantType,
    CertificateType,
)
from gateways.wechat.lists import Area, Lists


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
