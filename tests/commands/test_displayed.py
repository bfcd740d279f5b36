"""The command that puts a number's display on record, after a whole filing."""

from filing.display import QUERY_SITE
from tests.commands.conftest import Begin, Case, Cli


async def granted(cli: Cli, case: Case) -> str:
    """Through all stages to its number."""
    await case.player.to_sms()
    await case.player.to_bureau()
    number = f"苏ICP备2025{int(case.uid[-12:], 16) % 1_000_000:06d}号-1X"
    command = ("decide", case.uid, "approve", "--reviewer", "苏通管局", "--number", number)
    await cli.json(*command)
    return number


async def test_a_number_is_shown_and_the_filing_tells_so(cli: Cli, begin: Begin) -> None:
    case = await begin()
    early = await cli("displayed", case.appid, "--by", "li.na", code=1)
    assert f"no number to be shown for {case.appid}" in early.err
    number = await granted(cli, case)
    assert " 展示备案号  待展示 " in (await cli("show", case.appid)).out
    too_early = ("displayed", number, "--by", "li.na", "--at", "2020-01-01")
    refused = await cli.json(*too_early, code=1)
    assert (refused["accepted"], refused["refusal"]["code"]) == (False, "before_approval")
    assert refused["status"]["link"] == QUERY_SITE
    done = await cli("displayed", case.appid, "--by", "li.na", "--note", "首页底部")
    assert done.out == f"✓ applied {number} → 已展示\n"
    again = await cli.json("displayed", case.uid, "--by", "li.na", code=1)
    assert again["refusal"]["code"] == "final"
    assert again["status"]["status"] == "displayed"
    shown = await cli("show", case.appid)
    assert " 展示备案号  已于 " in shown.out
    assert "展示(li.na)" in shown.out
    answer = await cli.json("show", case.filing_id)
    assert answer["status"] == "approved"
    assert answer["display"]["note"] == "首页底部"
    assert [r["code"] for r in answer["display"]["refused"]] == ["before_approval"]


async def test_who_has_seen_it_must_be_said(bare: Cli) -> None:
    ran = await bare("displayed", "wx0000000000000000", code=2)
    assert "--by" in ran.err
    ran = await bare("displayed", "wx0000000000000000", "--by", "li.na", "--at", "soon", code=2)
    assert "--at" in ran.err
    ran = await bare("displayed", " ", "--by", "li.na", code=2)
    assert "must not be empty" in ran.err
