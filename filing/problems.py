"""What is wrong with an application, said so that it can be mended."""

from typing import Literal

from filing.model import Model


class Problem(Model):
    """One problem of an application.

    `path` is as in `subject.certificate.number`; `code` is stable and in English; `message` and
    `fix` are Chinese and never repeat a certificate's or phone number in full. A `warning` is shown
    to the reviewer and stops nothing.
    """

    path: str
    code: str
    message: str
    fix: str
    severity: Literal["error", "warning"] = "error"


def errors(problems: tuple[Problem, ...] | list[Problem]) -> list[Problem]:
    """Only those problems that forbid the start."""
    return [p for p in problems if p.severity == "error"]
