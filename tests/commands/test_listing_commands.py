"""The listing rule by the command line: import, listing, sweep, and who is exposed."""

import json
from pathlib import Path

from tests.commands.conftest import Begin, Cli, fresh_appid

HEADER = "appid,name,contact,listed_since"
NO = 1


def inventory(*rows: tuple[str, str]) -> str:
    lines = [f"{appid},昆山示例商城,{appid}@owner.test,{since}" for appid, since in rows]
    return "\n".join([HEADER, *lines])


async def test_from_import_to_clear_out(cli: Cli, begin: Begin) -> None:
    case = await begin()
    old, new = fresh_appid(), fresh_appid()
    text = inventory((old, "2022-05-01"), (new, ""), (case.appid, "2023-10-01"))
    checked = await cli.json("inventory", "import", "-", "--dry-run", stdin=text)
    assert (checked["new"], checked["imported"]) == (3, False)
    done = await cli.json("inventory", "import", "-", stdin=text)
    assert (done["new"], done["imported"], done["problems"]) == (3, True, [])
    again = await cli("inventory", "import", "-", stdin=text)
    assert "0 new, 0 changed, 3 unchanged" in again.out
    listed = await cli.json("inventory", "list", "--limit", "1000")
    assert {old, new, case.appid} <= {one["appid"] for one in listed}

    refused = await cli.json("listing", old, code=NO)
    assert (refused["allowed"], refused["standing"]) == (False, "clear_out")
    assert (refused["clear_out_from"], refused["filing_number"]) == ("2024-04-01", None)
    assert refused["sentence"] == "尚未取得备案号,自2024年4月1日起列入清退"
    assert refused["source"]
    before = await cli("listing", old, "--at", "2024-03-31")
    assert "可以保留至2024年3月31日" in before.out
    assert "依据:" in before.out
    pending = await cli.json("listing", case.appid, code=NO)
    assert pending["open_filing"]["filing_id"] == case.filing_id
    assert "starter.py show" in pending["next"]
    unlisted = await cli("listing", new, code=NO)
    assert "须先完成备案" in unlisted.out
    assert "starter.py start" in unlisted.out
    unknown = await cli("listing", fresh_appid(), code=NO)
    assert "inventory import" in unknown.out
    await cli("listing", new, "--at", "2023-08-31")

    mails = cli.home / "mail"
    foreseen = await cli.json("sweep", "--dry-run", "--limit", "1000")
    mine = {one["appid"]: one for one in foreseen["mini_programs"]}
    assert mine[old]["step_due"] == 0
    assert foreseen["marked"] >= 2
    march = await cli.json("sweep", "--at", "2024-03-24", "--limit", "1000")
    assert {one["appid"]: one["step_due"] for one in march["mini_programs"]}[old] == 7
    assert march["marked"] == 0
    assert letters(mails, old) == 0

    swept = await cli.json("sweep")
    assert swept["marked"] >= 2
    assert swept["notices"]["undelivered"] == 0
    assert letters(mails, old) == 1
    assert letters(mails, new) == 0
    for day in ("2024-03-24", "2026-11-24"):
        shown = await cli.json("sweep", "--at", day, "--limit", "1000")
        due = {one["appid"]: one["told"] for one in shown["mini_programs"]}
        assert (old in due) is (day > "2024-04"), day
        assert shown["untold"] == 0
    printed = await cli("sweep")
    assert "0 newly marked" in printed.out
    assert letters(mails, old) == 1

    exposed = {one["appid"]: one for one in await cli.json("list", "--unfiled", "--limit", "1000")}
    assert exposed.keys() >= {old, case.appid}
    assert new not in exposed
    assert exposed[old].keys() >= {
        *("appid", "name", "listed_since", "deadline", "told", "open_filing")
    }
    assert exposed[old]["deadline"] == "2024-03-31"
    assert exposed[old]["told"]["at"].endswith("+08:00")
    assert exposed[case.appid]["open_filing"]["filing_id"] == case.filing_id
    table = await cli("list", "--unfiled", "--limit", "1000")
    assert old in table.out
    assert case.filing_id in table.out


def letters(mails: Path, appid: str) -> int:
    """How many letters that mini program's owner got."""
    return sum(f"{appid}@owner.test" in path.read_text() for path in mails.glob("*.eml"))


async def test_a_wrong_file_is_told_line_by_line_and_nothing_of_it_stays(cli: Cli) -> None:
    good, bad = fresh_appid(), fresh_appid()
    text = f"{inventory((good, '2022-05-01'))}\n{bad},示例,zhang.san,2022/05/01"
    ran = await cli("inventory", "import", "-", stdin=text, code=NO)
    assert "3:contact" in ran.out
    assert "3:listed_since" in ran.out
    assert "2022/05/01" in ran.out
    assert "zhang.san" not in ran.out
    told = json.loads((await cli("inventory", "import", "-", "--json", stdin=text, code=NO)).out)
    assert [(p["line"], p["path"], p["code"]) for p in told["problems"]] == [
        (3, "contact", "email"),
        (3, "listed_since", "date"),
    ]
    assert (told["bad_lines"], told["imported"]) == (1, False)
    listing = await cli.json("listing", good, code=NO)
    assert listing["in_inventory"] is False
    missing = await cli("inventory", "import", "nowhere.csv", code=NO)
    assert "文件不存在" in missing.out
