"""The example applications."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from filing.application import Application
from filing.checks import check
from filing.parse import parse_application
from gateways.files import read_facts_all
from operations.examples import example_names, write_example

COMMITTED = Path(__file__).parents[2] / "examples"
TODAY = date(2026, 11, 24)


def _read(file: Path) -> Application:
    data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    application = parse_application(data)
    assert isinstance(application, Application), application
    return application


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize("day", [TODAY, date(2040, 2, 29)])
def test_valid_without_a_warning_on_its_day(name: str, day: date, tmp_path: Path) -> None:
    application = _read(write_example(name, tmp_path, day))
    assert check(application, read_facts_all(tmp_path, application), day) == ()


@pytest.mark.parametrize("name", example_names())
@pytest.mark.parametrize("day", [TODAY, date(2066, 1, 1)])
def test_the_committed_one_stays_valid(name: str, day: date) -> None:
    application = _read(COMMITTED / f"{name}.yaml")
    assert all(m.signed_on is None for m in application.materials)
    assert check(application, read_facts_all(COMMITTED, application), day) == ()


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
