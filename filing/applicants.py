"""Sorts of applicant: the certificates that each may use, and how many mini programs it may have.

What there is to know of each is `data/applicants.yaml`, with its sources.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import TypeAdapter, model_validator

from filing.model import Model
from filing.rules import UNSURE, Mark
from filing.vocabulary import PERSONAL_CERTIFICATES, ApplicantType, CertificateType


class Sort(Model):
    """One sort of applicant; what its fields mean stands in the data file."""

    type: ApplicantType
    certificates: tuple[CertificateType, ...]
    prefixes: tuple[str, ...] = ()
    most: int
    mark: Mark
    source: str

    @property
    def sure(self) -> bool:
        """Whether no other certificate will do."""
        return self.mark not in UNSURE

    @model_validator(mode="after")
    def _persons_or_bodies(self) -> "Sort":
        personal = self.type is ApplicantType.INDIVIDUAL
        if any((c in PERSONAL_CERTIFICATES) is not personal for c in self.certificates):
            raise ValueError(
                f"{self.type.value}: persons and bodies have certificates of their own"
            )
        return self


@cache
def sorts() -> Mapping[ApplicantType, Sort]:
    """All sorts, read once. Raises ValueError where the file is wrong, or lacks one."""
    text = (resources.files("filing") / "data" / "applicants.yaml").read_text(encoding="utf-8")
    listed = TypeAdapter(tuple[Sort, ...]).validate_python(yaml.safe_load(text))
    found = {sort.type: sort for sort in listed}
    if set(found) != set(ApplicantType) or len(listed) != len(found):
        raise ValueError("applicants.yaml must have each sort of applicant once")
    return found
