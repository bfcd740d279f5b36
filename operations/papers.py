"""The list of papers of an application, before they are collected and while they are."""

from dataclasses import dataclass
from datetime import date

from filing.materials import Requirement, required_materials
from operations.applications import Examined


@dataclass(frozen=True)
class ListedMaterial:
    """One paper that is asked for, and the files that the application names for it."""

    requirement: Requirement
    provided: tuple[str, ...]
    """Files that are there and can be read as what they are."""
    unusable: tuple[str, ...]
    """Files that are named, but missing or not readable."""


def list_materials(examined: Examined, today: date) -> tuple[ListedMaterial, ...]:
    """Every paper that is asked for; nothing for what could not be read as an application."""
    application = examined.application
    if application is None:
        return ()
    listed = []
    for requirement in required_materials(application, today):
        named = [m.file for m in application.materials if requirement.met(m)]
        there = tuple(file for file in named if examined.facts[file].problem is None)
        rest = tuple(file for file in named if file not in there)
        listed.append(ListedMaterial(requirement, there, rest))
    return tuple(listed)
