"""What the tests of the checks share."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from stdnum.cn import ric, uscc

from filing.application import Application
from filing.checks import check
from filing.problems import Problem

Edit = Callable[[Mapping[str, Any]], Application]

TODAY = date(2026, 11, 24)

PRINCIPAL = "subject.principal"
LEGAL = "subject.legal_representative"
PROGRAM = "mini_program.principal"


def resident_id(born: str, division: str = "320599") -> str:
    stem = f"{division}{born}001"
    return stem + ric.calc_check_digit(stem + "0")


def credit_code(prefix: str) -> str:
    stem = f"{prefix}320583MAEXAMP14"
    return stem + uscc.calc_check_digit(stem)


def both(field: str, value: Any) -> dict[str, Any]:
    """The same change of the legal representative and of the subject's principal, who are one."""
    return {f"{LEGAL}.{field}": value, f"{PRINCIPAL}.{field}": value}


def found(application: Application, today: date = TODAY) -> dict[tuple[str, str], Problem]:
    return {(p.path, p.code): p for p in check(application, None, today)}
