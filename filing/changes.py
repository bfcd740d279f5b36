"""What differs between two versions of an application, and who must confirm it by SMS."""

import re
from typing import Any

from filing import identifiers
from filing.application import Application, OnFile, one_phone
from filing.model import Model
from filing.vocabulary import Kind, Principal

REMARK = "mini_program.remark"
SUBJECT_NUMBER = "subject.subject_number"

_PRIVATE = frozenset({"number", "mobile", "emergency_mobile"})
"""Last parts of paths whose values are shown masked; of persons' names only the first character is,
and of e-mail addresses that and what stands behind the @."""


class Change(Model):
    """One value that a change replaces, as people may read it: what is private is masked."""

    path: str
    before: str | None
    after: str | None


REFERENCES = ("agency", "customer")
"""Fields of an application that nobody files: a correction of them alone changes nothing."""


def amended_paths(old: Application, new: Application) -> tuple[str, ...]:
    """Paths in which a corrected application differs from the one before, of what is filed."""
    return tuple(path for path in changed_paths(old, new) if path not in REFERENCES)


def changed_paths(old: Model, new: Model) -> tuple[str, ...]:
    """Paths whose value differs between two models of a type, as in `subject.principal.mobile`."""
    return tuple(
        path for path, _, _ in _walk(old.model_dump(mode="json"), new.model_dump(mode="json"), "")
    )


def differences(application: Application) -> tuple[str, ...]:
    """Paths in which an application differs from what is on file; none where that is not known."""
    if application.on_file is None:
        return ()
    return changed_paths(application.on_file, _filed(application))


def changes(application: Application) -> tuple[Change, ...]:
    """Old against new of what is on file; nothing where that is not known."""
    if application.on_file is None:
        return ()
    return tuple(
        Change(path=path, before=_shown(path, before), after=_shown(path, after))
        for path, before, after in _walk(
            application.on_file.model_dump(mode="json"),
            _filed(application).model_dump(mode="json"),
            "",
        )
    )


def sms_addressees(application: Application) -> tuple[Principal, ...]:
    """Who must pass the SMS check, by phone: one phone, one check (`domain.md` 3.3).

    A new filing: both principals; where the subject has a number already, the mini program's alone.
    A change: the principals of what changed, nobody where it is the remark alone. A cancellation:
    the principal of what is cancelled, nobody for access.
    """
    both = (Principal.SUBJECT, Principal.MINI_PROGRAM)
    due: tuple[Principal, ...]
    match application.kind:
        case Kind.NEW:
            due = both if application.subject.subject_number is None else both[1:]
        case Kind.CHANGE_SUBJECT | Kind.CHANGE_MINI_PROGRAM:
            due = _addressed(application)
        case Kind.CANCEL_SUBJECT:
            due = both[:1]
        case Kind.CANCEL_MINI_PROGRAM:
            due = both[1:]
        case Kind.CANCEL_ACCESS:
            due = ()
    return due[:1] if one_phone(application) else due


def _addressed(application: Application) -> tuple[Principal, ...]:
    if application.on_file is None:
        # What changed is not known: whom the kind is about.
        subject = application.kind is Kind.CHANGE_SUBJECT
        return (Principal.SUBJECT,) if subject else (Principal.MINI_PROGRAM,)
    paths = differences(application)
    due = []
    # A number that was granted since is no change of the subject's data.
    if any(path.startswith("subject.") and path != SUBJECT_NUMBER for path in paths):
        due.append(Principal.SUBJECT)
    if any(path.startswith("mini_program.") and path != REMARK for path in paths):
        due.append(Principal.MINI_PROGRAM)
    return tuple(due)


def _filed(application: Application) -> OnFile:
    return OnFile(mini_program=application.mini_program, subject=application.subject)


def _walk(a: Any, b: Any, path: str) -> list[tuple[str, Any, Any]]:
    if a == b:
        return []
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [*a, *(k for k in b if k not in a)]
        return [d for k in keys for d in _walk(a.get(k), b.get(k), f"{path}.{k}".strip("."))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            d for i, pair in enumerate(zip(a, b, strict=True)) for d in _walk(*pair, f"{path}.{i}")
        ]
    return [(path, a, b)]


def _shown(path: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):  # a person who was not named before, or no longer is
        return "…"
    if isinstance(value, list):
        return "、".join(
            str(v.get("category", "…")) if isinstance(v, dict) else str(v) for v in value
        )
    owner, _, last = path.rpartition(".")
    if last in _PRIVATE:
        return identifiers.mask(str(value))
    if last == "email":
        return re.sub(r"(?<=^.).*(?=@)", "***", str(value))
    if last == "name" and owner.endswith(("principal", "legal_representative")):
        return str(value)[:1] + "*"
    return str(value)
