"""What a reviewer calls a field leads to the application's path."""

import pytest

from filing.paths import nearest_path, paths_of
from tests.filing.process_play import application


@pytest.mark.parametrize(
    "path", ["kind", "subject", "subject.name", "materials.1", "contact.email"]
)
def test_a_path_of_the_application_is_itself(path: str) -> None:
    assert nearest_path(path, application()) == path


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("materials[1]", "materials.1"),
        ("materials[1].file", "materials.1.file"),
        ("小程序备注", "mini_program.remark"),
        ("主体名称", "subject.name"),
        ("小程序名称", "mini_program.name"),
        ("主体负责人手机号码", "subject.principal.mobile"),
        ("remark", "mini_program.remark"),
        ("mini_program.remarks", "mini_program.remark"),
        ("mini_program.principal.photo", "mini_program.principal"),
        ("materials.99", "materials"),
        ("nosuch.field", None),
        ("", None),
    ],
)
def test_what_is_none_leads_to_the_nearest(field: str, path: str | None) -> None:
    assert nearest_path(field, application()) == path


def test_no_path_is_left_out() -> None:
    paths = paths_of(application())
    assert {"subject.certificate.number", "materials.0.file", "mini_program.appid"} <= set(paths)
