"""A draft for correction: the application as it stands, the reasons beside its fields."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from errno import EINVAL
from pathlib import Path
from typing import Any

import yaml

from filing.application import Application
from filing.authority import Reason
from filing.view import StatusAnswer
from filing.vocabulary import Status
from operations.filings import NoSuchFiling, find, status
from operations.services import Services

INDENT = "  "


class NotReturned(Exception):
    """Only what was returned can be corrected, and only what is carried by hand is needed whole."""

    def __init__(self, filing_id: str, label: str) -> None:
        super().__init__(
            f"{filing_id} stands at {label}: only a returned filing (待修改) is drafted, or a change "
            "that is carried to the authority by hand"
        )


AS_GIVEN = "verification.auth_data"
"""What goes to the authority as it is."""


class AlreadyDrafted(Exception):
    """A file of the draft is there with other content, which is never overwritten."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}, and is not overwritten")


TO_CORRECT = "修改后用 amend 重新提交;以 # 开头的说明不必删除"
TO_CARRY = "按以下资料在备案系统中人工办理;有误的,撤回后重新提交"


def render(application: Application, reasons: Sequence[Reason], lead: str = TO_CORRECT) -> str:
    """The application as YAML, each reason as a comment above the field that it concerns; reasons
    that concern no field of it come first."""
    data = application.model_dump(mode="json", exclude_none=True)
    for material in data["materials"]:
        material.pop("sha256", None)  # what the file holds then is read anew
    notes: dict[str, list[str]] = {}
    for reason in reasons:
        advice = f";建议:{reason.suggestion}" if reason.suggestion else ""
        text = " ".join(f"退回原因:{reason.reason}{advice}".split())
        notes.setdefault(_nearest(data, reason.field), []).append(
            text if _nearest(data, reason.field) == reason.field else f"({reason.field}){text}"
        )
    lines = [f"# {lead}", *_comments(notes, "", "")]
    lines += _mapping(data, "", "", notes)
    return "\n".join(lines) + "\n"


def _nearest(data: Any, field: str) -> str:
    """The longest beginning of a path that the application has; empty where it has none of it."""
    parts = field.split(".")
    for end in range(len(parts), 0, -1):
        here: Any = data
        for part in parts[:end]:
            if isinstance(here, dict) and part in here:
                here = here[part]
            elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
                here = here[int(part)]
            else:
                break
        else:
            return ".".join(parts[:end])
    return ""


def _comments(notes: dict[str, list[str]], path: str, indent: str) -> Iterator[str]:
    for note in notes.get(path, ()):
        yield f"{indent}# ← {note}"


def _mapping(
    data: dict[str, Any], path: str, indent: str, notes: dict[str, list[str]]
) -> Iterator[str]:
    for key, value in data.items():
        here = f"{path}.{key}".removeprefix(".")
        yield from _comments(notes, here, indent)
        yield from _value(f"{indent}{key}:", value, here, indent + INDENT, notes)


def _value(
    head: str, value: Any, path: str, indent: str, notes: dict[str, list[str]]
) -> Iterator[str]:
    if path == AS_GIVEN:  # its keys are not ours, and may be anything
        yield f"{head} {json.dumps(value, ensure_ascii=False)}"
    elif isinstance(value, dict) and value:
        yield head
        yield from _mapping(value, path, indent, notes)
    elif isinstance(value, list) and value:
        yield head
        for index, item in enumerate(value):
            here = f"{path}.{index}"
            yield from _comments(notes, here, indent)
            if isinstance(item, dict):
                block = list(_mapping(item, here, indent + INDENT, notes))
                first = next(i for i, line in enumerate(block) if not line.lstrip().startswith("#"))
                yield from block[:first]
                yield f"{indent}- {block[first].lstrip()}"
                yield from block[first + 1 :]
            else:
                yield f"{indent}- {_scalar(item)}"
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, width=100_000, default_flow_style=True)
    return text.removesuffix("\n").removesuffix("\n...")


async def write_draft(id_: str, folder: Path, services: Services) -> Path:
    """Write the draft of a filing's present round, of one that was returned or is to be carried to the
    authority by hand, and its papers into a folder of their own, as in
    `draft/wx…/round-1/application.yaml`; gives that file. Nothing that was changed is overwritten,
    and where all is there as it was the same again changes nothing.

    Raises `NoSuchFiling`, `NotReturned`, `AlreadyDrafted`, and what the materials store raises where a
    paper is missing or damaged.
    """
    record = await find(id_, services)
    application = await services.registry.application(record.uid)
    if application is None:
        raise NoSuchFiling(id_)
    answer = await status(record, services) or StatusAnswer.model_validate(record.view)
    carried = answer.by_hand and answer.status is Status.SUBMISSION
    if answer.status is not Status.CORRECTION and not carried:
        raise NotReturned(record.filing_id, answer.status_label)
    papers = {
        material.file: await services.materials.read(material.sha256)
        for material in application.materials
        if material.sha256 is not None
    }
    heading = f"# {record.filing_id} 第 {answer.round} 轮(uid {record.uid})\n"
    text = heading + render(application, answer.reasons, TO_CARRY if carried else TO_CORRECT)
    target = folder / record.appid / f"round-{answer.round}" / "application.yaml"
    await asyncio.to_thread(_write, target, heading, text, papers)
    return target


def to_be_carried(draft: Path) -> bool:
    """Whether a draft is for whoever carries it to the authority, not to be corrected."""
    return draft.read_text(encoding="utf-8").partition("\n")[2].startswith(f"# {TO_CARRY}")


def _write(target: Path, heading: str, text: str, papers: dict[str, bytes]) -> None:
    """For the owner's eyes alone: it is full of identity papers. The application comes last, so that
    a draft with an application is whole."""
    folder = target.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists() and not target.read_bytes().startswith(heading.encode()):
        raise AlreadyDrafted(target, "is of another filing")
    for file, data in papers.items():
        paper = folder / file
        if not paper.resolve().is_relative_to(folder.resolve()):
            raise OSError(EINVAL, "a paper's name leads out of the folder", file)
        paper.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(paper, data)
    _write_new(target, text.encode())


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(data)
    except FileExistsError:
        if path.read_bytes() != data:
            raise AlreadyDrafted(path, "is there already, with changes") from None
