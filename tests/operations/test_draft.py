"""The draft for correction: valid YAML that reads back as it was, the reasons beside the fields."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from filing.application import Application
from filing.authority import Reason
from filing.parse import parse_application
from operations.draft import render

EXAMPLE = Path(__file__).parents[2] / "examples" / "new-organisation.yaml"


@pytest.fixture
def application() -> Application:
    data: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    parsed = parse_application(data)
    assert isinstance(parsed, Application)
    return parsed


def test_a_draft_reads_back_as_the_application(application: Application) -> None:
    reasons = [
        Reason(field="subject.name", reason="与执照\n不一致", suggestion="请核对"),
        Reason(field="materials.0.file", reason="模糊"),
        Reason(field="materials.1", reason="缺角"),
        Reason(field="mini_program.service_contents.0", reason="不符"),
        Reason(field="sms_verification", reason="超时"),
        Reason(field="主办单位名称", reason="见 #1: {不符}"),
    ]
    text = render(application, reasons)
    assert parse_application(yaml.safe_load(text)) == application


def test_each_reason_stands_above_its_field(application: Application) -> None:
    reasons = [
        Reason(field="subject.name", reason="与执照不一致", suggestion="请核对"),
        Reason(field="mini_program.principal.photo", reason="背景不是白色"),
        Reason(field="sms_verification", reason="超时"),
    ]
    lines = render(application, reasons).splitlines()
    name = next(i for i, line in enumerate(lines) if line.startswith("  name: 苏州"))
    assert lines[name - 1] == "  # ← 退回原因:与执照不一致;建议:请核对"
    principal = lines.index("  principal:")
    assert lines[principal - 1].endswith("(mini_program.principal.photo)退回原因:背景不是白色")
    assert lines[1].endswith("(sms_verification)退回原因:超时")


@pytest.mark.parametrize(
    "value", ["是", "yes", "null", "1.0", "a: b", "# x", "'", '"', "- x", "长期", "[x]"]
)
def test_awkward_values_survive(application: Application, value: str) -> None:
    subject = application.subject.model_copy(update={"name": value, "address": value})
    changed = application.model_copy(update={"subject": subject})
    assert parse_application(yaml.safe_load(render(changed, []))) == changed
