"""The examples: each complete, valid and invented; the committed ones are what the code writes.

After a change: python -m tests.write_examples
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from filing.application import LONG_TERM, Application, Person
from filing.checks import check
from filing.parse import parse_application
from filing.vocabulary import CHANGES, ApplicantType, CertificateType, Kind
from gateways.files import read_facts_all
from operations.examples import example_names, example_titles, write_example

COMMITTED = Path(__file__).parents[2] / "examples"
TODAY = date(2026, 11, 24)

UNDATED = ["effective_on.missing"]
"""What is said of a committed change: a date in it would pass, and the example expire."""


def _read(file: Path) -> Application:
    data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    application = parse_application(data)
    assert isinstance(application, Application), application
    return application


def _committed() -> dict[str, Application]:
    return {name: _read(COMMITTED / f"{name}.yaml") for name in example_names()}


def _people(application: Application) -> list[Person]:
    held = application.on_file
    subjects = [application.subject, *([held.subject] if held else [])]
    programs = [application.mini_program, *([held.mini_program] if held else [])]
    principals = [*(s.principal for s in subjects), *(p.principal for p in programs)]
    return [*principals, *(s.legal_representative for s in subjects if s.legal_representative)]


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize("day", [TODAY, date(2040, 2, 29)])
def test_valid_without_a_warning_on_its_day(name: str, day: date, tmp_path: Path) -> None:
    for appid in (None, "wx00000000000000ff"):
        application = _read(write_example(name, tmp_path, day, appid))
        problems = check(application, read_facts_all(tmp_path, application), day)
        assert [p.code for p in problems] == []


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize("day", [TODAY, date(2066, 1, 1)])
def test_the_committed_one_stays_valid(name: str, day: date) -> None:
    application = _read(COMMITTED / f"{name}.yaml")
    assert all(m.signed_on is None for m in application.materials)
    problems = check(application, read_facts_all(COMMITTED, application), day)
    undated = UNDATED if application.kind in CHANGES else []
    assert [p.code for p in problems] == undated


@pytest.mark.parametrize("name", example_names())
def test_the_committed_one_is_what_is_written(name: str, tmp_path: Path) -> None:
    written = write_example(name, tmp_path, None)
    assert written.read_text() == (COMMITTED / f"{name}.yaml").read_text()
    for material in _read(written).materials:
        with (
            Image.open(COMMITTED / material.file) as kept,
            Image.open(written.parent / material.file) as new,
        ):
            assert kept.size == new.size


def test_nothing_else_is_committed() -> None:
    wanted = {m.file for application in _committed().values() for m in application.materials}
    found = {str(p.relative_to(COMMITTED)) for p in (COMMITTED / "materials").iterdir()}
    assert found == wanted
    others = {p.stem for p in COMMITTED.glob("*.yaml")} - set(example_names())
    assert others == {"calendar-2027-invented"}


def test_every_kind_and_every_sort_of_applicant() -> None:
    held = _committed().values()
    assert {a.kind for a in held} == set(Kind)
    assert {a.subject.type for a in held} == set(ApplicantType)


def test_all_may_be_started_side_by_side_each_about_a_subject_of_its_own(tmp_path: Path) -> None:
    held = list(_committed().values())
    again = [
        _read(write_example(name, tmp_path, TODAY, f"wx{i:016x}"))
        for i, name in enumerate(example_names())
    ]
    numbers = [a.subject.certificate.number for a in (*held, *again)]
    appids = [a.mini_program.appid for a in (*held, *again)]
    stems = [a.subject.subject_number for a in (*held, *again) if a.subject.subject_number]
    for values in (numbers, appids, stems):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("name", example_names())
def test_nobody_in_it_is_real_and_no_paper_expires(name: str) -> None:
    application = _read(COMMITTED / f"{name}.yaml")
    for person in _people(application):
        certificate = person.certificate
        assert certificate.valid_to == LONG_TERM
        if certificate.type is CertificateType.RESIDENT_ID:
            assert certificate.number.startswith("320599")  # no such division
        assert person.email.endswith("@example.com")
    assert all(a.valid_to == LONG_TERM for a in application.mini_program.pre_approvals or ())
    assert application.contact.email.endswith("@example.com")


@pytest.mark.parametrize("name", [n for n in example_names() if n.startswith("change-")])
def test_a_change_holds_in_thirty_days_and_shows_what_it_replaces(
    name: str, tmp_path: Path
) -> None:
    application = _read(write_example(name, tmp_path, TODAY))
    assert application.effective_on == TODAY + timedelta(days=30)
    assert application.on_file is not None
    assert application.on_file.subject.subject_number == application.subject.subject_number


@pytest.mark.parametrize("name", [n for n in example_names() if not n.startswith("new-")])
def test_what_is_on_file_is_named_by_its_numbers(name: str) -> None:
    application = _read(COMMITTED / f"{name}.yaml")
    assert application.filing_number == f"{application.subject.subject_number}-1X"


def test_each_is_told_apart_in_chinese() -> None:
    titles = example_titles()
    assert tuple(titles) == example_names()
    assert len(set(titles.values())) == len(titles)
    for name, title in titles.items():
        assert title in (COMMITTED / f"{name}.yaml").read_text().splitlines()[0]


def test_the_readme_names_each() -> None:
    readme = (COMMITTED.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in example_names() if f"`{name}`" not in readme] == []


def test_letters_are_dated_today(tmp_path: Path) -> None:
    application = _read(write_example("new-organisation", tmp_path, TODAY))
    assert [m.signed_on for m in application.materials if m.signed_on] == [TODAY]


def test_what_the_contract_says_of_it(tmp_path: Path) -> None:
    application = _read(write_example("new-organisation", tmp_path, TODAY))
    subject, principal = application.subject, application.mini_program.principal
    assert (subject.province, subject.subject_number) == ("江苏省", None)
    assert subject.principal.mobile != principal.mobile
    assert subject.principal.certificate.number != principal.certificate.number


def test_papers_are_drawn_alike_each_time_and_differ(tmp_path: Path) -> None:
    first = write_example("new-organisation", tmp_path / "a", TODAY).parent
    second = write_example("new-organisation", tmp_path / "b", TODAY).parent
    pictures = sorted(p.relative_to(first) for p in first.rglob("*.png"))
    contents = [(first / p).read_bytes() for p in pictures]
    assert contents == [(second / p).read_bytes() for p in pictures]
    assert len(set(contents)) == len(contents) == 6
    assert all(len(c) < 30_000 for c in contents)


def test_another_appid(tmp_path: Path) -> None:
    file = write_example("new-organisation", tmp_path, TODAY, "wx00000000000000ff")
    assert _read(file).mini_program.appid == "wx00000000000000ff"


def test_unknown_name_and_bad_appid(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="new-organisation"):
        write_example("nothing", tmp_path, TODAY)
    with pytest.raises(ValueError, match="16"):
        write_example("new-organisation", tmp_path, TODAY, "wx1: {}")
    assert list(tmp_path.iterdir()) == []
