"""The application: the one shape that file, workflow, registry and command line speak.

Models give the shape only; what the values must be is in `checks.py`, so that a stricter check
never breaks the replay of an application that was accepted before.
"""

from datetime import date
from typing import Literal

from pydantic import Field, JsonValue

from filing.model import Model
from filing.numbers import parse_number
from filing.vocabulary import (
    SUBJECT_KINDS,
    ApplicantType,
    CancellationReason,
    CertificateType,
    Kind,
    MaterialType,
)

LONG_TERM: Literal["长期"] = "长期"
"""A certificate without an end of validity."""


class PersonCertificate(Model):
    """A person's identity document."""

    type: CertificateType
    number: str
    valid_from: date
    valid_to: date | Literal["长期"]


class Person(Model):
    """A principal or a legal representative."""

    name: str
    certificate: PersonCertificate
    mobile: str
    email: str
    emergency_mobile: str


class SubjectCertificate(Model):
    """The certificate of the subject; its address as printed on it, and until when it is valid where
    it says so."""

    type: CertificateType
    number: str
    address: str
    valid_to: date | Literal["长期"] | None = None


class Subject(Model):
    """The filing entity (主办单位/主体)."""

    type: ApplicantType
    name: str
    certificate: SubjectCertificate
    province: str
    city: str
    district: str
    address: str
    """Correspondence address, without province, city and district."""
    legal_representative: Person | None = None
    principal: Person
    subject_number: str | None = None
    """主体备案号, where the subject already has one."""


class PreApproval(Model):
    """A pre-approval or special approval (前置审批)."""

    category: str
    number: str
    valid_to: date | Literal["长期"]


class MiniProgram(Model):
    """The mini program that is filed."""

    appid: str
    name: str
    remark: str
    service_contents: tuple[str, ...]
    pre_approvals: tuple[PreApproval, ...] | None = None
    """Empty: 以上都不涉及, stated expressly. None: nothing was stated, which only a cancellation may do."""
    principal: Person


class Material(Model):
    """One paper. `file` is relative to the application file; `sha256` (64 hex digits) names its
    content in the materials store and is filled in when the filing is started."""

    type: MaterialType
    file: str
    side: Literal["front", "back"] | None = None
    person: str | None = None
    category: str | None = None
    signed_on: date | None = None
    sha256: str | None = None


class Verification(Model):
    """Verification (认证) of the mini program in one with its filing (WX-API/submitauthandicp)."""

    auth_data: dict[str, JsonValue]
    """What the authority asks for it: goes there as it is, for its fields were not found."""


class Contact(Model):
    """Who is told of what happens to the filing."""

    email: str


class OnFile(Model):
    """What is filed with the bureau, and stays in force until a change is approved."""

    mini_program: MiniProgram
    subject: Subject


class Application(Model):
    """One application, of any kind.

    One about a subject (`SUBJECT_KINDS`) names one of its mini programs: the one through which the
    authority is spoken to.
    """

    kind: Kind
    mini_program: MiniProgram
    subject: Subject
    materials: tuple[Material, ...] = Field(default=())
    contact: Contact
    filing_number: str | None = None
    """小程序备案号 of what is changed or cancelled; a new filing has none yet."""
    on_file: OnFile | None = None
    """For a change: the data in force. `start` fills it in from the registry where it is there."""
    effective_on: date | None = None
    """For a change: from when the new data hold."""
    cancellation_reason: CancellationReason | None = None
    verification: Verification | None = None
    """For a new filing: the mini program is verified in the same procedure."""
    agency: str | None = None
    """Who files for the subject: the agency's own name or id. A pseudonymous reference, never an
    individual's name: it stands in lists and reports. Nothing that is filed."""
    customer: str | None = None
    """The agency's reference of its customer; pseudonymous too."""


def mini_program_filing_id(appid: str) -> str:
    """The Temporal workflow id of filings that are about one mini program."""
    return f"filing-{appid}"


def workflow_id(application: Application) -> str:
    """The Temporal workflow id that an application implies (contract, section 3)."""
    number = application.subject.subject_number
    if application.kind not in SUBJECT_KINDS or number is None:
        return mini_program_filing_id(application.mini_program.appid)
    parsed = parse_number(number)
    return f"filing-{parsed.stem if parsed else number}"


def one_phone(application: Application) -> bool:
    """Whether one phone serves both principals: then one SMS check does for both (`domain.md` 3.3)."""
    return application.subject.principal.mobile == application.mini_program.principal.mobile
