"""The draft for correction: valid YAML that reads back as it was, the reasons beside the fields,
and a folder of its own for every round of every filing."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from filing.application import Application, Verification
from filing.authority import Reason
from filing.parse import parse_application
from operations.draft import AlreadyDrafted, render, to_be_carried, write_draft
from operations.filings import Verdict, decide, find, send
from operations.services import Services
from operations.start import Started, start_application
from tests.playing import of_another_subject
from tests.stored import put

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


def test_what_goes_to_the_authority_as_it_is_reads_back_whatever_it_holds(
    application: Application,
) -> None:
    given: dict[str, Any] = {
        "a: b": None,
        "- c": [1.5, {"#": True, "d": None}],
        "valid_to": "明天\n",
        "": {},
    }
    verified = application.model_copy(update={"verification": Verification(auth_data=given)})
    reasons = [Reason(field="verification.auth_data", reason="不符")]
    assert parse_application(yaml.safe_load(render(verified, reasons))) == verified


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


async def returned(services: Services, example: Application, paper: bytes) -> str:
    """The appid of a filing that was returned, whose first paper has this content."""
    first, *others = example.materials
    own = first.model_copy(update={"sha256": await put(services.materials, paper)})
    fresh = of_another_subject(example)
    appid = fresh.mini_program.appid
    started = await start_application(
        fresh.model_copy(update={"materials": (own, *others)}),
        "test",
        services,
    )
    assert isinstance(started, Started)
    await send_back(appid, services)
    return appid


async def send_back(appid: str, services: Services) -> None:
    reasons = [{"field": "subject.name", "reason": "不一致"}]
    verdict = Verdict(decision={"outcome": "return", "reviewer": "li.na", "reasons": reasons})
    assert (await decide(appid, verdict, services)).accepted


async def test_papers_of_the_same_name_stay_those_of_their_filing(
    services: Services, stored_example: Application, tmp_path: Path
) -> None:
    paper = stored_example.materials[0]
    assert paper.sha256
    content = await services.materials.read(paper.sha256)
    licences = (content, content + b"of another subject")
    drafts = [
        await write_draft(await returned(services, stored_example, licence), tmp_path, services)
        for licence in licences
    ]
    assert [(d.parent / paper.file).read_bytes() for d in drafts] == list(licences)


async def test_a_draft_is_of_one_round_and_what_was_changed_is_kept(
    services: Services, stored_example: Application, tmp_path: Path
) -> None:
    sha256 = stored_example.materials[0].sha256
    assert sha256
    appid = await returned(services, stored_example, await services.materials.read(sha256))
    first = await write_draft(appid, tmp_path, services)
    text = first.read_text(encoding="utf-8")
    assert await write_draft(appid, tmp_path, services) == first  # nothing was changed
    assert not to_be_carried(first)

    first.write_text(text + "# 已改\n", encoding="utf-8")
    with pytest.raises(AlreadyDrafted, match="with changes"):
        await write_draft(appid, tmp_path, services)
    first.write_text(text, encoding="utf-8")
    paper = first.parent / stored_example.materials[0].file
    paper.write_bytes(b"a better scan")
    with pytest.raises(AlreadyDrafted, match="with changes"):
        await write_draft(appid, tmp_path, services)
    assert paper.read_bytes() == b"a better scan"

    record = await find(appid, services)
    await send(record, "resubmit", {"by": "wang.fang"}, services)
    await send_back(appid, services)
    second = await write_draft(appid, tmp_path, services)
    assert second != first
    assert "第 2 轮" in second.read_text(encoding="utf-8")
    assert paper.read_bytes() == b"a better scan"

    second.write_text(text.replace(record.uid, "another-uid"), encoding="utf-8")
    with pytest.raises(AlreadyDrafted, match="of another filing"):
        await write_draft(appid, tmp_path, services)
