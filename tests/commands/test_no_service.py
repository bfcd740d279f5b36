"""What needs no service: check, forecast, example, schema; and how commands are called wrongly."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from commands.schemas import SchemaName
from filing.vocabulary import Kind
from tests.commands.conftest import (
    APPID,
    EXAMPLE,
    PERSONAL,
    ROOT,
    STARTER,
    Call,
    Cli,
    application,
    environment,
)

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(24)
)
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "picture.yaml": (b"\x89PNG\r\n\x1a\n\x00\x00", "file_binary"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "file_binary"),
    "deep.json": (b'{"kind":' * 50_000 + b"1" + b"}" * 50_000, "too_deep"),
    "deep.yaml": (b"[" * 50_000, "too_deep"),
    "laughs.yaml": (LAUGHS.encode(), "alias"),
    "tag.yaml": (b"kind: !!python/object/apply:os.system [ls]\n", "tag"),
    "gbk.yaml": ("kind: 新增".encode("gbk"), "file_encoding"),
    "empty.yaml": (b"", "file_empty"),
    "list.json": (b"[]", "not_a_mapping"),
    "broken.json": (b'{"kind": ', "syntax"),
    "broken.yaml": (b"kind: [new\nsubject: }", "syntax"),
    "header.csv": (b"\x00\x01,a\n", "file_binary"),
    "columns.csv": (b"nonsense\n1\n", "csv_header"),
}


async def test_every_unreadable_file_is_told_with_its_fix(bare: Cli) -> None:
    names = list(BAD_FILES)
    for name, (data, _) in BAD_FILES.items():
        (bare.folder / name).write_bytes(data)
    (bare.folder / "folder.yaml").mkdir()
    os.mkfifo(bare.folder / "fifo.yaml")
    good = bare.folder / "good.yaml"
    good.write_text(application(APPID), encoding="utf-8")
    expected = [code for _, code in BAD_FILES.values()]
    named = [*names, "folder.yaml", "fifo.yaml", "missing.yaml", "good.yaml"]
    told, shown = await asyncio.gather(
        bare.json("check", *named, code=1), bare("check", *named, code=1)
    )
    assert [one["file"] for one in told] == named
    codes = [one["problems"][0]["code"] for one in told[:-1]]
    assert codes == [*expected, "not_a_file", "not_a_file", "file_missing"]
    for one in told[:-1]:
        assert not one["valid"]
        assert all(problem["message"] and problem["fix"] for problem in one["problems"])
    assert told[-1] == {"file": "good.yaml", "valid": True, "problems": []}
    assert "✓ valid  good.yaml\n" in shown.out
    assert shown.out.count("✗ invalid") == len(named) - 1
    assert shown.out.endswith(f"{len(named)} applications: 1 valid, {len(named) - 1} invalid\n")


async def test_names_and_values_are_printed_as_they_are(bare: Cli) -> None:
    # What Rich would take for markup, what no encoding has, what moves a cursor.
    names = ["[bold]:smile:[x].yaml", b"\xff\x1b[31m.yaml".decode(errors="surrogateescape")]
    number = "320599196802020022"
    text = application(APPID, mobile='"[/red]1390000000312"').replace("320599196802020021", number)
    for name in names:
        (bare.folder / name).write_text(text, encoding="utf-8")
    shown, told, dry = await asyncio.gather(
        bare("check", *names, code=1),
        bare.json("check", *names, code=1),
        bare.json("start", "--dry-run", *names, code=1),
    )
    assert f"✗ invalid  {names[0]}\n" in shown.out
    assert "\x1b" not in shown.out
    assert [one["file"] for one in told] == names
    assert [one["file"] for one in dry["invalid"]] == names
    assert {"mini_program.principal.mobile", "mini_program.principal.certificate.number"} <= {
        problem["path"] for problem in told[0]["problems"]
    }
    printed = shown.out + str(told) + str(dry)
    assert not [value for value in {number, "1390000000312", *PERSONAL} if value in printed]


async def test_check_of_standard_input_as_of_a_day(bare: Cli) -> None:
    now, later = await asyncio.gather(
        bare("check", "-", stdin=EXAMPLE),
        bare.json("check", "-", "--at", "2027-03-01", stdin=EXAMPLE.encode()),
    )
    assert now.out == "✓ valid  -\n"
    assert later == [{"file": "-", "valid": True, "problems": []}]


async def test_forecast(bare: Cli) -> None:
    (bare.folder / "one.yaml").write_text(EXAMPLE, encoding="utf-8")
    begin = "2026-09-30T10:00"
    step, sms, file = await asyncio.gather(
        bare.json("forecast", "--stage", "bureau_review", "--from", begin),
        bare.json("forecast", "--stage", "sms_verification", "--from", "2026-09-30T02:00:00Z"),
        bare.json("forecast", "one.yaml", "--from", begin),
    )
    assert step.keys() == {"stage", "from", "due_at", "provisional", "calendar"}
    assert (step["stage"], step["from"]) == ("bureau_review", "2026-09-30T10:00:00+08:00")
    # 1-7 October are holidays, 10 October is a working Saturday.
    assert step["due_at"] == "2026-11-04T00:00:00+08:00"
    assert step["provisional"] is False
    assert sms["due_at"] == "2026-10-01T10:00:00+08:00"
    assert [one["stage"] for one in file] == [
        *("platform_review", "submission", "sms_verification", "bureau_review"),
    ]


def test_forecast_of_every_kind(call: Call) -> None:
    for kind in Kind:
        steps = call("forecast", "--kind", kind.value, "--json", code=0).json
        assert [one["from"] for one in steps[1:]] == [one["due_at"] for one in steps[:-1]]
    table = call("forecast", "--kind", "new", code=0).out
    assert "短信核验" in table
    assert "…" not in table
    table = call("forecast", "--kind", "new", "--from", "2026-11-24T10:00", code=0).out
    [first, second] = [row.split("│") for row in table.splitlines() if "2026-11-2" in row][:2]
    assert first[3].strip() == "2026-11-26 24:00"
    assert second[2].strip() == "2026-11-27 00:00"
    far = call("forecast", "--kind", "new", "--from", "2100-12-31", "--json", code=0).json
    assert all(one["provisional"] for one in far if one["stage"] != "sms_verification")


def test_of_a_year_far_off_the_calendar_says_that_nothing_is_known(call: Call) -> None:
    told = call("calendar", "show", "2050", code=0).out
    assert "nothing is known of 2050" in told
    assert "名称" not in told
    assert "春节" in call("calendar", "show", "2026", code=0).out


async def test_forecast_of_what_is_no_application(bare: Cli) -> None:
    missing, two, printed = await asyncio.gather(
        bare.json("forecast", "missing.yaml", code=1),
        bare("forecast", "-", code=2, stdin="{}\n{}\n"),
        bare("forecast", "missing.yaml", code=1),
    )
    assert missing["problems"][0]["code"] == "file_missing"
    assert "missing.yaml" in printed.out
    assert "2 applications" in two.err


async def test_example_is_valid_and_dated_today(bare: Cli) -> None:
    appid = "wx00000000000000aa"
    written = await bare.json("example", "new-organisation", "--to", "my/own", "--appid", appid)
    assert written == {"file": "my/own/new-organisation.yaml"}
    (bare.folder / "file").write_text("")
    dry, onto = await asyncio.gather(
        bare.json("start", "--dry-run", written["file"]),
        bare("example", "new-organisation", "--to", "file/x", code=2),
    )
    assert dry["started"] == dry["already_open"] == dry["invalid"] == []
    assert dry["valid"] == [{"filing_id": f"filing-{appid}", "file": written["file"]}]
    text = (bare.folder / written["file"]).read_text(encoding="utf-8")
    assert f"signed_on: {datetime.now().astimezone():%Y-}" in text
    assert "--to file/x" in onto.err


async def test_schemas(bare: Cli, call: Call) -> None:
    names = [name.value for name in SchemaName]
    schemas = [call("schema", name, code=0).json for name in names]
    assert schemas[0] == await bare.json("schema", "application")
    files = []
    for name, schema in zip(names, schemas, strict=True):
        files.append(bare.folder / f"{name}.json")
        files[-1].write_text(json.dumps(schema), encoding="utf-8")
    checker = Path(sys.executable).with_name("check-jsonschema")

    def check(*args: str | Path) -> None:
        subprocess.run(
            [checker, *args], check=True, capture_output=True, env=environment(bare.home)
        )

    await asyncio.to_thread(check, "--check-metaschema", *files)
    example = ROOT / "examples/new-organisation.yaml"
    await asyncio.to_thread(check, "--schemafile", files[0], example)


async def test_a_reader_that_goes_away_is_no_mistake_of_ours(bare: Cli) -> None:
    def read_nothing() -> tuple[int, str]:
        reader, writer = os.pipe()
        os.close(reader)
        ran = subprocess.run(
            [sys.executable, STARTER, "schema", "application"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            cwd=bare.folder,
            env=environment(bare.home),
            check=False,
        )
        os.close(writer)
        return ran.returncode, ran.stderr

    assert await asyncio.to_thread(read_nothing) == (1, "")
