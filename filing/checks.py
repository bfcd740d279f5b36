"""All checks of an application: every problem at once, so that one round of mending is enough.

A rule that an official text states ([O], [V] or the seed guide) may forbid the start, as does a fault
of form. One that only secondary sources state is a warning: the reviewer sees it. Which is which, and
each rule's source, is in `data/rules/`, by the problem's code.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from filing import identifiers
from filing.application import Application
from filing.checks_kind import check_kind
from filing.checks_materials import check_materials
from filing.checks_mini_program import check_appid, check_mini_program
from filing.checks_people import check_people
from filing.checks_references import check_references
from filing.checks_subject import check_place, check_subject, check_subject_number
from filing.checks_wording import check_wording
from filing.files import FileFacts
from filing.findings import problem
from filing.problems import Problem
from filing.rules import AS_WRITTEN, Levels, leveled
from filing.vocabulary import CANCELLATIONS


def check(
    application: Application,
    files: Mapping[str, FileFacts] | None,
    today: date,
    *,
    levels: Levels = AS_WRITTEN,
    on_file_from_registry: bool = False,
) -> tuple[Problem, ...]:
    """Errors and warnings of an application, in the order of its file.

    `files` are the facts of each file under the name that the application gives it; None leaves
    the files out. `today` is the day in China; `levels` are the severities that the operator wants.
    `on_file_from_registry`: what is on file may yet be filled in, so that a change may lack it.
    """
    found = (
        *check_kind(application, today, on_file_from_registry=on_file_from_registry),
        *check_references(application),
        *_check_data(application, files, today),
    )
    return leveled(found, levels)


def _check_data(
    application: Application, files: Mapping[str, FileFacts] | None, today: date
) -> Iterator[Problem]:
    if application.kind in CANCELLATIONS:  # what is on file is not judged again
        yield from check_appid(application.mini_program)
        yield from check_place(application.subject)
        yield from check_subject_number(application.subject)
    else:
        yield from check_mini_program(application, today)
        yield from check_wording(application)
        yield from check_subject(application, today)
        yield from check_people(application, today)
    yield from check_materials(application, files, today)
    if not identifiers.is_email(application.contact.email):
        fix = "请填写形如 name@example.com 的邮箱"
        message = "联系邮箱格式不正确"
        yield problem("contact.email", "email.malformed", message, fix)
