"""Which of an application's files goes into which field of the API (reference sections 2 and 4)."""

from dataclasses import dataclass
from typing import Any

from filing.application import Application, Material
from filing.vocabulary import MaterialType
from gateways.submissions import MediaKey
from gateways.wechat.names import Ids

OTHER_LIMIT = 10
"""Most files in each of the two fields for other materials."""


@dataclass(frozen=True)
class Paper:
    """One file in one field: `field` is the API's path, `index` the material's place in ours."""

    field: str
    index: int
    sha256: str | None
    certificate_type: int | None = None

    @property
    def key(self) -> MediaKey | None:
        """What it is uploaded as; None without content."""
        return None if self.sha256 is None else (self.sha256, self.certificate_type)


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
