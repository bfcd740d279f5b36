"""All checks of an application: every problem at once, so that one round of mending is enough.

A rule that an official text states ([O], [V] or the seed guide; see `domain.md`) may forbid the
start, as does a fault of form. One that only secondary sources state is a warning: the reviewer
sees it. Each constant of the `checks_*` modules names its source.
"""

from collections.abc import Mapping
from datetime import date

from filing import identifiers
from filing.application import Application
from filing.checks_materials import check_materials
from filing.checks_mini_program import check_mini_program
from filing.checks_people import check_people
from filing.checks_subject import check_subject
from filing.files import FileFacts
from filing.findings import error
from filing.problems import Problem


def check(
    application: Application, files: Mapping[str, FileFacts] | None, today: date
) -> tuple[Problem, ...]:
    """Errors and warnings of an application, in the order of its file.

    `files` are the facts of each file under the name that the application gives it; None leaves
    the files out. `today` is the day in China.
    """
    found = [
        *check_mini_program(application, today),
        *check_subject(application, today),
        *check_people(application, today),
        *check_materials(application, files, today),
    ]
    if not identifiers.is_email(application.contact.email):
        fix = "请填写形如 name@example.com 的邮箱"
        message = "联系邮箱格式不正确"
        found.append(error("contact.email", "email.malformed", message, fix))
    return tuple(found)
