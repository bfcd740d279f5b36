"""One way to break each rule on pre-approvals: problem code to what makes it true of an application.

Each function changes the plain data of a valid organisation's application (`examples/`), which it
gets as its own copy, and gives it back. None of them breaks another rule that refuses.
"""

from collections.abc import Callable
from typing import Any

from tests.filing.rule_cases import individual

Data = dict[str, Any]

TODAY = "2026-11-24"
LONG_VALID = "2029-01-01"


def declare(data: Data, *categories: str, valid_to: str = LONG_VALID, number: str = "1") -> Data:
    """Declare these categories, each with its paper."""
    data["mini_program"]["pre_approvals"] = [
        {"category": category, "number": number, "valid_to": valid_to} for category in categories
    ]
    data["materials"] += [
        {"type": "pre_approval", "category": category, "file": f"{category}.png"}
        for category in dict.fromkeys(categories)
    ]
    return data


def _not_stated(data: Data) -> Data:
    del data["mini_program"]["pre_approvals"]
    return data


def _individual(data: Data) -> Data:
    data.clear()
    data |= individual()
    return declare(data, "culture")


def _no_paper(data: Data) -> Data:
    declare(data, "culture")["materials"].pop()
    return data


def _likely(data: Data) -> Data:
    data["mini_program"]["remark"] = "面向昆山居民的线上药店,提供处方药展示、下单与配送服务"
    return data


CASES: dict[str, Callable[[Data], Data]] = {
    "pre_approvals.not_stated": _not_stated,
    "pre_approval.individual": _individual,
    "pre_approval.unknown": lambda data: declare(data, "magic"),
    "pre_approval.duplicate": lambda data: declare(data, "culture", "culture"),
    "pre_approval.no_number": lambda data: declare(data, "culture", number=""),
    "material.missing_pre_approval": _no_paper,
    "pre_approval.expired": lambda data: declare(data, "culture", valid_to="2026-11-23"),
    "pre_approval.expires_in_review": lambda data: declare(data, "culture", valid_to=TODAY),
    "pre_approval.abolished": lambda data: declare(data, "bulletin_board"),
    "pre_approval.not_in_province": lambda data: declare(data, "education"),
    "pre_approval.likely": _likely,
}
