"""Application files: read, parsed, checked with their materials. Starts nothing, needs no service."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from filing.application import Application
from filing.checks import check
from filing.files import FileFacts
from filing.parse import parse_leniently
from filing.problems import Problem, errors
from filing.rules import AS_WRITTEN, Levels
from gateways.files import read_facts_all
from gateways.materials import MaterialsStore
from operations.reading import Document, read_documents


@dataclass(frozen=True)
class Examined:
    """One application with everything that is wrong with it; None where it could not be read."""

    document: Document
    application: Application | None
    facts: dict[str, FileFacts]
    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Whether it may be started; warnings do not forbid it."""
        return self.application is not None and not errors(self.problems)


def examine_files(
    paths: Iterable[str], today: date, levels: Levels = AS_WRITTEN
) -> Iterator[Examined]:
    """Examine every application of every file, one after the other."""
    for path in paths:
        for document in read_documents(path):
            yield examine(document, today, levels)


def examine(document: Document, today: date, levels: Levels = AS_WRITTEN) -> Examined:
    """Every problem of one application at once; `today` is the day in China, `levels` the severities
    that the operator wants."""
    if document.problems:
        return Examined(document, None, {}, document.problems)
    parsed, problems = parse_leniently(document.data)
    if parsed is None:
        return Examined(document, None, {}, problems)
    facts = read_facts_all(document.folder, parsed)
    unread = {problem.path for problem in problems}
    also = (
        found
        for found in check(parsed, facts, today, levels=levels, on_file_from_registry=True)
        if found.path not in unread
    )
    return Examined(document, parsed, facts, (*problems, *also))


async def store_materials(examined: Examined, store: MaterialsStore) -> Application:
    """Copy the files into the materials store; gives the application with their hashes.

    Raises `FileChanged` where a file is no longer what was checked.
    """
    assert examined.application is not None
    for facts in examined.facts.values():
        await store.put_file(examined.document.folder, facts)
    materials = tuple(
        material.model_copy(update={"sha256": examined.facts[material.file].sha256})
        for material in examined.application.materials
    )
    return examined.application.model_copy(update={"materials": materials})
