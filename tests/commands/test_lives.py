"""Whole filings by the command line: started, decided, returned, withdrawn, read after their end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from operations.formats import from_yaml
from tests.commands.conftest import Begin, Case, Cli, Running, application, fresh_appid

FIELDS = {
    "filing_id",
    "uid",
    "kind",
    "status",
    "status_label",
    "round",
    "waiting_for",
    "entered_at",
    "due_at",
    "overdue",
    "provisional",
    "held",
    "filing_number",
    "subject_number",
    "reasons",
    "refused",
    "refused_count",
    "time_with",
    "timeline",
}
"""Contract, section 3."""


def assert_shown(answer: dict[str, Any]) -> None:
    """Every field of the contract, instants in China time."""
    assert answer.keys() >= {*FIELDS, "as_of", "notices"}
    stamps = [answer["entered_at"], answer["due_at"], *(t["at"] for t in answer["timeline"])]
    for stamp in filter(None, stamps):
        assert datetime.fromisoformat(stamp).utcoffset() == timedelta(hours=8)
        assert stamp.endswith("+08:00")
    for entry in answer["timeline"]:
        assert entry.keys() >= {"at", "status", "by", "note"}


async def from_file_to_number(cli: Cli, begin: Begin) -> None:
    case = await begin()
    answer, again, listed = await asyncio.gather(
        cli.json("show", case.appid),
        cli.json("start", "-", stdin=application(case.appid), code=1),
        cli.json("list", "--limit", "1000"),
    )
    assert_shown(answer)
    assert (answer["filing_id"], answer["uid"]) == (case.filing_id, case.uid)
    assert (answer["status"], answer["status_label"]) == ("platform_review", "平台初审")
    assert (answer["waiting_for"], answer["as_of"]) == ("platform", None)
    assert answer["time_with"] == []
    [open_one] = again["already_open"]
    assert again["started"] == again["invalid"] == []
    assert open_one == {"filing_id": case.filing_id, "uid": case.uid, "file": "-"}
    [row] = [row for row in listed if row["uid"] == case.uid]
    assert row["due_at"] == answer["due_at"]

    applied = await cli.json("decide", case.uid, "approve", "--reviewer", "li.na")
    assert (applied["accepted"], applied["refusal"]) == (True, None)
    assert applied["status"]["status"] == "submission"
    late = await cli.json("decide", case.uid, "approve", "--reviewer", "li.na", code=1)
    assert (late["accepted"], late["refusal"]["code"]) == (False, "not_decided_here")
    assert late["status"]["status"] == "submission"

    await case.player.to_sms_from_submission()
    person = "subject_principal"
    once = await cli("verify-sms", case.appid, "--person", person)
    assert once.out == f"✓ applied {case.filing_id} → 短信核验\n"
    done = await cli.json("verify-sms", case.filing_id, "--person", "mini_program_principal")
    assert done["status"]["status"] == "bureau_review"

    unnumbered = await cli("decide", case.appid, "approve", "--reviewer", "苏通管局", code=1)
    assert "--number" in unnumbered.out or "filing_number" in unnumbered.out
    number = f"苏ICP备2026{int(case.uid[-12:], 16) % 1_000_000:06d}号-1X"
    ended = await cli.json(
        "decide", case.appid, "approve", "--reviewer", "苏通管局", "--number", number
    )
    assert ended["status"]["filing_number"] == number

    answer, shown, late, table, moved = await asyncio.gather(
        cli.json("show", case.uid),
        cli("show", case.appid),
        cli.json("decide", case.filing_id, "reject", "--reviewer", "x", code=1),
        cli("list", "--status", "approved"),
        cli("advance", case.appid, "--by", "1d", code=1),
    )
    assert_shown(answer)
    assert answer["as_of"].endswith("+08:00")
    assert (answer["status"], answer["waiting_for"], answer["due_at"]) == ("approved", None, None)
    assert answer["subject_number"] == number.rsplit("-", 1)[0]
    assert [party["party"] for party in answer["time_with"]][:2] == ["platform", "authority"]
    assert answer["time_with"][0].keys() >= {"party", "from", "to", "working_days"}
    assert answer["refused_count"] == len(answer["refused"]) == 2
    assert "来自登记簿" in shown.out
    assert case.filing_id in shown.out
    assert case.uid in shown.out
    assert "备案成功(approved),第 1 轮" in shown.out
    assert late["refusal"]["code"] == "final"
    # Ids and numbers are whole, where no terminal says how wide a line may be.
    assert case.filing_id in table.out
    assert number in table.out
    assert "has ended" in moved.err


async def returned_corrected_and_sent_again(cli: Cli, begin: Begin) -> None:
    case = await begin()
    reasons = (
        *("--reason", "subject.name=与执照不一致|请按执照填写"),
        *("--reason", "mini_program.remark=过于=笼统"),
    )
    decide = ("decide", case.appid, "return", "--reviewer", "li.na")
    unexplained = await cli(*decide, code=1)
    assert "原因" in unexplained.out
    late = await cli.json(*decide, *reasons, "--round", "2", code=1)
    assert late["refusal"]["code"] == "stale_round"
    early = await cli.json(*decide, *reasons, "--stage", "bureau_review", code=1)
    assert early["refusal"]["code"] == "out_of_turn"
    returned = await cli.json(*decide, *reasons, "--stage", "platform_review", "--round", "1")
    assert returned["status"]["status"] == "correction"
    assert (returned["stage"], returned["round"]) == ("platform_review", 1)
    twice = await cli.json(*decide, *reasons, code=1)
    assert twice["refusal"]["code"]
    answer, shown, listed = await asyncio.gather(
        cli.json("show", case.appid),
        cli("show", case.appid),
        cli.json("list", "--status", "correction", "--waiting-for", "applicant"),
    )
    assert [(r["field"], r["reason"], r["suggestion"]) for r in answer["reasons"]] == [
        ("subject.name", "与执照不一致", "请按执照填写"),
        ("mini_program.remark", "过于=笼统", None),
    ]
    assert "原因 subject.name:与执照不一致" in shown.out
    assert "未被采纳的消息(共 4 条)" in shown.out
    [row] = [row for row in listed if row["uid"] == case.uid]
    assert row.keys() >= {
        *("filing_id", "uid", "kind", "status", "waiting_for", "due_at", "overdue"),
    }
    assert {row["status"] for row in listed} == {"correction"}

    sent = await cli.json("resubmit", case.appid)
    assert (sent["status"]["status"], sent["status"]["round"]) == ("platform_review", 2)
    answer, shown = await asyncio.gather(
        cli.json("show", case.appid), cli("show", case.appid, code=0)
    )
    [before] = answer["returns"]
    assert (before["round"], before["by"], len(before["reasons"])) == (1, "li.na", 2)
    assert answer["previous_reasons"] == before["reasons"]
    assert (
        "第 1 轮,平台初审退回修改(li.na)\n    subject.name:与执照不一致 请按执照填写" in shown.out
    )
    assert [stretch["party"] for stretch in answer["time_with"]] == ["platform", "applicant"]
    assert "各方用时" in shown.out
    assert "  申请人:0 个工作日" in shown.out
    again = await cli("resubmit", case.appid, "--by", "王经理", code=1)
    assert again.out.startswith("✗ refused ")


async def drafted_and_amended(cli: Cli, begin: Begin) -> None:
    case = await begin()
    early = await cli("draft", case.appid, code=1)
    assert "待修改" in early.err
    reason = "小程序备注=过于笼统"
    args = ("decide", case.appid, "return", "--reviewer", "li.na", "--reason", reason)
    other = ("--reason", "nosuch.field=不对")
    returned = await cli(*args, *other)
    assert returned.out == f"✓ applied {case.filing_id} 平台初审(第 1 轮) → 待修改\n"
    assert "小程序备注: the application has no such field; did you mean mini_program.remark?" in (
        returned.err
    )
    assert "nosuch.field: the application has no such field; `draft`" in returned.err
    folder = cli.folder / f"draft-{case.appid}"
    written = await cli("draft", case.appid, "--to", folder)
    draft = folder / case.appid / "round-1" / "application.yaml"
    assert str(draft) in written.out
    assert draft.stat().st_mode & 0o777 == 0o600
    text = draft.read_text(encoding="utf-8")
    assert "# ← (小程序备注)退回原因:过于笼统" in text
    assert (await cli("draft", case.appid, "--to", folder)).out == written.out

    remark = next(line for line in text.splitlines() if line.startswith("  remark:"))
    draft.write_text(text.replace(remark, "  remark: 太短"), encoding="utf-8")
    there = await cli("draft", case.appid, "--to", folder, code=2)
    assert str(draft) in there.err
    assert "--to" in there.err
    wrong = await cli.json("amend", case.appid, draft, code=1)
    assert wrong["accepted"] is False
    assert {p["path"] for p in wrong["problems"]} == {"mini_program.remark"}
    better = "  remark: 面向昆山本地商户的线上商城,提供日用百货的浏览、下单与到店自提服务"
    draft.write_text(text.replace(remark, better), encoding="utf-8")
    sent = await cli.json("amend", case.appid, draft, "--by", "wang.fang")
    assert (sent["status"]["status"], sent["status"]["round"]) == ("platform_review", 2)
    assert sent["status"]["changes"] == ["mini_program.remark"]
    late = await cli.json("amend", case.appid, draft, code=1)
    assert late["refusal"]["code"] == "out_of_turn"


def one_line(appid: str) -> str:
    """The application as a line of JSON Lines."""
    return json.dumps(from_yaml(application(appid), {}), ensure_ascii=False)


async def several_from_standard_input(cli: Cli, begin: Begin) -> None:
    first, second = fresh_appid(), fresh_appid()
    lines = "\n".join([one_line(first), one_line("wxBAD"), one_line(second), one_line(first)])
    dry = await cli.json("start", "-", "--dry-run", stdin=lines, code=1)
    assert dry["started"] == []
    assert [one["file"] for one in dry["invalid"]] == ["-:2"]
    assert (await cli("show", first, code=1)).out == ""
    printed = await cli.json("start", "-", stdin=lines, code=1)
    assert [s["file"] for s in printed["started"]] == ["-:1", "-:3"]
    assert [s["file"] for s in printed["already_open"]] == ["-:4"]
    [invalid] = printed["invalid"]
    assert invalid["file"] == "-:2"
    assert invalid["problems"][0]["path"] == "mini_program.appid"
    assert invalid["problems"][0].keys() >= {"path", "code", "message", "fix"}


async def held_resumed_and_moved_on(cli: Cli, begin: Begin) -> None:
    case = await begin()
    held = await cli.json("hold", case.appid, "--reason", "等待补充材料", "--by", "li.na")
    assert (held["status"]["held"], held["status"]["due_at"]) == (True, None)
    before = await case.player.time()
    stays, shown = await asyncio.gather(
        cli("advance", case.appid, "--to-deadline", code=1),
        cli("show", case.appid),
    )
    assert "--by" in stays.err
    assert "已暂停" in shown.out
    resumed = await cli.json("resume", case.appid)
    assert (resumed["status"]["held"], resumed["status"]["overdue"]) == (False, False)
    assert resumed["status"]["due_at"]
    assert await case.player.time() - before < timedelta(minutes=2)

    before, clock = await case.player.time(), time.monotonic()
    moved = await cli.json("advance", case.filing_id, "--by", "90m")
    assert moved == {"filing_id": case.filing_id, "moved_seconds": 5400, "ended": False}
    further = await case.player.time() - before - timedelta(minutes=90)
    assert timedelta(0) <= further <= timedelta(seconds=time.monotonic() - clock + 1)

    to_deadline = await cli("advance", case.uid, "--to-deadline")
    assert to_deadline.out.startswith("moved on by ")
    answer, listed, due = await asyncio.gather(
        cli.json("show", case.appid),
        cli.json("list", "--overdue", "--kind", "new", "--province", "江苏省"),
        cli.json("list", "--due-before", "2026-01-01"),
    )
    assert (answer["status"], answer["overdue"]) == ("platform_review", True)
    over = await case.player.time() - datetime.fromisoformat(answer["due_at"])
    assert timedelta(0) <= over < timedelta(minutes=2)
    assert case.uid in {row["uid"] for row in listed}
    assert all(row["overdue"] for row in listed)
    assert due == []
    nowhere = await cli("advance", case.uid, "--to-deadline")
    assert nowhere.out == "its deadline has passed: not moved\n"
    withdrawn = await cli("withdraw", case.uid, "--reason", "[/不办了] :smile:")
    assert withdrawn.out == f"✓ applied {case.filing_id} → 已撤回\n"
    await open_again(cli, case)


async def open_again(cli: Cli, case: Case) -> None:
    """After its end the same mini program may be filed again; the appid means the open filing."""
    printed = await cli.json("start", "-", stdin=application(case.appid))
    [started] = printed["started"]
    assert started["filing_id"] == case.filing_id
    assert started["uid"] != case.uid
    new, old, listed = await asyncio.gather(
        cli.json("show", case.appid),
        cli.json("show", case.uid),
        cli.json("list", "--all", "--limit", "100000"),
    )
    assert (new["uid"], new["status"]) == (started["uid"], "platform_review")
    assert (old["uid"], old["status"]) == (case.uid, "withdrawn")
    assert "[/不办了] :smile:" in str(old["timeline"])
    assert {new["uid"], old["uid"]} <= {row["uid"] for row in listed}
    due = [row["due_at"] for row in listed]
    assert due == sorted(due, key=lambda stamp: stamp or "9")


STORIES: dict[str, Callable[[Cli, Begin], Awaitable[None]]] = {
    story.__name__: story
    for story in (
        from_file_to_number,
        returned_corrected_and_sent_again,
        drafted_and_amended,
        drafted_and_amended,
        held_resumed_and_moved_on,
        several_from_standard_input,
    )
}


@pytest.fixture(scope="module")
async def playing(running: Running, begin: Begin) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """All stories, side by side: each spends most of its time in processes that start."""

    async def play(story: Callable[[Cli, Begin], Awaitable[None]]) -> None:
        await story(running.cli, begin)

    tasks = {name: asyncio.create_task(play(story)) for name, story in STORIES.items()}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("story", STORIES)
async def test_a_life(story: str, playing: dict[str, asyncio.Task[None]]) -> None:
    await playing[story]
