"""The checks of papers and their files."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filing.application import Application
from filing.checks import check
from filing.checks_materials import stays_in_folder
from filing.files import FileFacts
from filing.problems import Problem
from tests.filing.rule_cases import facts_of

Edit = Callable[[Mapping[str, Any]], Application]

TODAY = date(2026, 11, 24)


def found(
    application: Application, files: Mapping[str, FileFacts] | None = None
) -> dict[tuple[str, str], Problem]:
    return {(p.path, p.code): p for p in check(application, files, TODAY)}


def without(example: dict[str, Any], index: int) -> dict[str, Any]:
    return {"materials": [m for i, m in enumerate(example["materials"]) if i != index]}


@pytest.mark.parametrize(
    ("index", "code", "told"),
    [
        (0, "subject_certificate", "主办单位证件"),
        (1, "subject_principal_certificate", "人像面"),
        (2, "subject_principal_certificate", "国徽面"),
        (3, "mini_program_principal_certificate", "人像面"),
        (4, "mini_program_principal_certificate", "国徽面"),
    ],
)
def test_each_paper_is_needed(
    edited: Edit, example_data: dict[str, Any], index: int, code: str, told: str
) -> None:
    (problem,) = check(edited(without(example_data, index)), None, TODAY)
    assert (problem.path, problem.code) == ("materials", f"material.missing_{code}")
    assert told in problem.message
    assert problem.severity == "error"


def test_the_commitment_is_not_needed(edited: Edit, example_data: dict[str, Any]) -> None:
    assert check(edited(without(example_data, 5)), None, TODAY) == ()


def test_one_page_of_a_passport_does(edited: Edit, example_data: dict[str, Any]) -> None:
    example_data["materials"][3].pop("side")
    passport = {
        "mini_program.principal.certificate.type": "passport",
        "mini_program.principal.certificate.number": "E12345678",
    }
    application = edited({**without(example_data, 4), **passport})
    assert check(application, None, TODAY) == ()
    assert ("materials", "material.missing_mini_program_principal_certificate") in found(
        edited({"materials": example_data["materials"][:3]})
    )


def test_a_side_that_is_not_named(edited: Edit) -> None:
    problems = found(edited({"materials.1.side": None}))
    assert ("materials.1.side", "material.no_side") in problems
    assert ("materials", "material.missing_subject_principal_certificate") in problems


def test_a_paper_twice(edited: Edit) -> None:
    twice = {"type": "subject_certificate", "file": "other.png"}
    assert list(found(edited({"materials.5": twice}))) == [("materials.5", "material.duplicate")]


def test_too_many(edited: Edit, example_data: dict[str, Any]) -> None:
    other = [{"type": "other", "file": f"{i}.png"} for i in range(60)]
    problems = found(edited({"materials": example_data["materials"] + other}))
    assert list(problems) == [("materials", "material.too_many")]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x.png",
        "a/../../x.png",
        "C:\\x.png",
        "C:x.png",
        "\\\\h\\x.png",
        "a\\..\\x",
    ],
)
def test_a_path_that_leaves_the_folder(edited: Edit, path: str) -> None:
    assert ("materials.0.file", "file.bad_path") in found(edited({"materials.0.file": path}))


@pytest.mark.parametrize("path", ["a/b/营业执照.png", "./a.png", "a..b.png"])
def test_a_path_inside_it(edited: Edit, path: str) -> None:
    assert found(edited({"materials.0.file": path})) == {}


@pytest.mark.parametrize(
    ("signed_on", "code"),
    [
        (TODAY, None),
        (date(2026, 10, 25), None),
        (date(2026, 10, 24), "letter.too_old"),
        (date(2026, 11, 25), "letter.future"),
    ],
)
def test_a_letters_age(edited: Edit, signed_on: date, code: str | None) -> None:
    problems = found(edited({"materials.5.signed_on": signed_on}))
    assert list(problems) == ([("materials.5.signed_on", code)] if code else [])


def test_good_files(edited: Edit) -> None:
    application = edited({})
    assert found(application, facts_of(application)) == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"problem": "missing"}, "file.missing"),
        ({"problem": "not_a_file"}, "file.not_a_file"),
        ({"problem": "outside_folder"}, "file.outside_folder"),
        ({"problem": "too_large"}, "file.too_large"),
        ({"problem": "empty"}, "file.empty"),
        ({"problem": "unreadable"}, "file.unreadable"),
        ({"problem": "something_new"}, "file.unusable"),
        ({"media_type": "application/pdf", "width": None, "height": None}, "file.wrong_media_type"),
        ({"media_type": None, "width": None, "height": None}, "file.wrong_media_type"),
        ({"width": None, "height": None}, "file.unreadable"),
        ({"size": 2 * 1024 * 1024 + 1}, "file.too_large"),
        ({"width": 1279}, "file.too_small"),
        ({"height": 719}, "file.too_small"),
        ({"width": 720, "height": 1279}, "file.too_small"),
        ({"width": 720, "height": 1280}, None),
        ({"media_type": "image/jpeg"}, None),
        ({"size": 2 * 1024 * 1024}, None),
    ],
)
def test_one_file(edited: Edit, changes: dict[str, Any], code: str | None) -> None:
    application = edited({})
    files = facts_of(application)
    name = application.materials[0].file
    files[name] = files[name].model_copy(update=changes)
    assert list(found(application, files)) == ([("materials.0.file", code)] if code else [])


def test_a_file_that_nobody_looked_at_is_missing(edited: Edit) -> None:
    problems = found(edited({}), {})
    assert {code for _, code in problems} == {"file.missing"}
    assert len(problems) == 6


def test_the_content_is_the_one_that_was_named(edited: Edit) -> None:
    application = edited({"materials.0.sha256": f"{0:064x}"})
    assert found(application, facts_of(application)) == {}
    application = edited({"materials.0.sha256": f"{9:064x}"})
    problems = found(application, facts_of(application))
    assert list(problems) == [("materials.0.sha256", "file.changed")]


def _alike(application: Application, index: int, other: int) -> dict[str, FileFacts]:
    files = facts_of(application)
    one, two = (application.materials[i].file for i in (index, other))
    files[two] = files[one].model_copy(update={"file": two})
    return files


def test_one_picture_for_two_persons(edited: Edit) -> None:
    application = edited({})
    problems = found(application, _alike(application, 1, 3))
    assert list(problems) == [("materials.3.file", "file.shared_by_persons")]


def test_one_picture_for_both_sides(edited: Edit) -> None:
    application = edited({})
    problems = found(application, _alike(application, 1, 2))
    assert list(problems) == [("materials.2.file", "file.shared_by_sides")]


def test_one_person_may_show_one_card_twice(edited: Edit, example_data: dict[str, Any]) -> None:
    application = edited({"mini_program.principal": example_data["subject"]["principal"]})
    assert found(application, _alike(application, 1, 3)) == {}


def test_other_papers_may_be_alike(edited: Edit) -> None:
    application = edited({})
    assert found(application, _alike(application, 0, 5)) == {}


@given(st.text("a.-_:/\\ C1图\n", max_size=8))
def test_a_path_is_judged_as_windows_takes_it_apart(name: str) -> None:
    """Plain ones are told without, by their characters alone."""
    windows = PureWindowsPath(name)
    leaves = windows.drive or windows.root or ".." in windows.parts
    assert stays_in_folder(name) is bool(name and not leaves)
