"""What needs no service: check, forecast, example, schema; and how commands are called wrongly."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import starter
from filing.vocabulary import Kind
from tests.commands.conftest import (
    APPID,
    EXAMPLE,
    PERSONAL,
    ROOT,
    STARTER,
    Cli,
    application,
    environment,
)

COMMANDS = sorted(
    command.name or command.callback.__name__.rstrip("_").replace("_", "-")
    for command in starter.app.registered_commands
    if command.callback
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
    names = ["[bold]:smile:[/x].yaml", b"\xff\x1b[31m.yaml".decode(errors="surrogateescape")]
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
    now, later, wrong, far = await asyncio.gather(
        bare("check", "-", stdin=EXAMPLE),
        bare.json("check", "-", "--at", "2027-03-01", stdin=EXAMPLE.encode()),
        bare("check", "-", "--at", "tomorrow", code=2),
        bare("check", "-", "--at", "20260-01-01", code=2),
    )
    assert now.out == "✓ valid  -\n"
    assert later == [{"file": "-", "valid": True, "problems": []}]
    for ran in (wrong, far):
        assert "--at" in ran.err
        assert "2026-11-24" in ran.err


async def test_forecast(bare: Cli) -> None:
    (bare.folder / "one.yaml").write_text(EXAMPLE, encoding="utf-8")
    begin = "2026-09-30T10:00"
    step, sms, kinds, file, table, far = await asyncio.gather(
        bare.json("forecast", "--stage", "bureau_review", "--from", begin),
        bare.json("forecast", "--stage", "sms_verification", "--from", "2026-09-30T02:00:00Z"),
        asyncio.gather(*(bare.json("forecast", "--kind", k.value, "--from", begin) for k in Kind)),
        bare.json("forecast", "one.yaml", "--from", begin),
        bare("forecast", "--kind", "new"),
        bare.json("forecast", "--stage", "bureau_review", "--from", "2100-12-31"),
    )
    assert step.keys() == {"stage", "from", "due_at", "provisional", "calendar"}
    assert (step["stage"], step["from"]) == ("bureau_review", "2026-09-30T10:00:00+08:00")
    # 1-7 October are holidays, 10 October is a working Saturday.
    assert step["due_at"] == "2026-11-04T00:00:00+08:00"
    assert step["provisional"] is False
    assert sms["due_at"] == "2026-10-01T10:00:00+08:00"
    assert far["provisional"] is True
    assert file == kinds[0]
    for steps in kinds:
        assert [one["from"] for one in steps[1:]] == [one["due_at"] for one in steps[:-1]]
    assert "短信核验" in table.out
    assert "…" not in table.out


async def test_forecast_of_what_is_no_application(bare: Cli) -> None:
    missing, two, printed, none, both, final, when, early = await asyncio.gather(
        bare.json("forecast", "missing.yaml", code=1),
        bare("forecast", "-", code=2, stdin="{}\n{}\n"),
        bare("forecast", "missing.yaml", code=1),
        bare("forecast", code=2),
        bare("forecast", "--kind", "new", "--stage", "submission", code=2),
        bare("forecast", "--stage", "approved", code=2),
        bare("forecast", "--stage", "submission", "--from", "soon", code=2),
        bare("forecast", "--stage", "submission", "--from", "1999-01-01", code=2),
    )
    assert missing["problems"][0]["code"] == "file_missing"
    assert "missing.yaml" in printed.out
    assert "2 applications" in two.err
    assert "--kind and --stage" in none.err
    assert "--kind and --stage" in both.err
    assert "--stage approved" in final.err
    assert "--from" in when.err
    assert "2004" in early.err


async def test_example_is_valid_and_dated_today(bare: Cli) -> None:
    appid = "wx00000000000000aa"
    written = await bare.json("example", "new-organisation", "--to", "my/own", "--appid", appid)
    assert written == {"file": "my/own/new-organisation.yaml"}
    (bare.folder / "file").write_text("")
    dry, unknown, wrong, onto = await asyncio.gather(
        bare.json("start", "--dry-run", written["file"]),
        bare("example", "nonsense", code=2),
        bare("example", "new-organisation", "--appid", "WX1", code=2),
        bare("example", "new-organisation", "--to", "file/x", code=2),
    )
    assert dry["started"] == dry["already_open"] == dry["invalid"] == []
    assert dry["valid"] == [{"filing_id": f"filing-{appid}", "file": written["file"]}]
    text = (bare.folder / written["file"]).read_text(encoding="utf-8")
    assert f"signed_on: {datetime.now().astimezone():%Y-}" in text
    assert "new-organisation" in unknown.err
    assert "AppID" in wrong.err
    assert "--to file/x" in onto.err


async def test_schemas(bare: Cli) -> None:
    names = [
        *("application", "status", "decision", "decide", "sms_verified"),
        *("amend", "act", "authority_event"),
    ]
    schemas = await asyncio.gather(*(bare.json("schema", name) for name in names))
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
    wrong = await bare("schema", "nonsense", code=2)
    assert "application" in wrong.err


async def test_help_of_every_command_tells_its_options(bare: Cli) -> None:
    helps = await asyncio.gather(*(bare(name, "--help") for name in COMMANDS))
    overall = await bare("--help")
    for name, ran in zip(COMMANDS, helps, strict=True):
        assert f"  {name} " in overall.out
        assert f"Usage: starter.py {name}" in ran.out
        # Metavariables are words, not Python's types.
        assert not [word for word in ("<str>", "list[", "<int", "_ ") if word in ran.out], ran.out
    told = dict(zip(COMMANDS, (ran.out for ran in helps), strict=True))
    options: dict[str, tuple[str, ...]] = {
        "up": ("--port-base", "--time-travel"),
        "demo": ("--json", "--keep"),
        "advance": ("--by", "--to-deadline"),
        "check": ("--json", "--at"),
        "forecast": ("--kind", "--stage", "--from", "--json"),
        "start": ("--dry-run", "--json"),
        "list": (
            *("--status", "--kind", "--province", "--waiting-for"),
            *("--overdue", "--due-before", "--limit", "--json"),
        ),
        "show": ("--json",),
        "decide": ("--reviewer", "--reason", "--number", "--json"),
        "verify-sms": ("--person",),
        "withdraw": ("--reason",),
        "hold": ("--reason",),
    }
    for name, expected in options.items():
        assert [option for option in expected if option not in told[name]] == []
    assert "Exit codes: 0 done, 1 the answer is no" in overall.out


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("nonsense",), "nonsense"),
    (("check",), "FILE"),
    (("list", "--nonsense"), "--nonsense"),
    (("list", "--status", "nonsense"), "platform_review"),
    (("list", "--limit", "0"), "--limit"),
    (("list", "--due-before", "soon"), "--due-before"),
    (("list", "--province", " "), "--province"),
    (("show",), "ID"),
    (("show", ""), "ID"),
    (("decide", "x", "approve"), "--reviewer"),
    (("decide", "x", "approve", "--reviewer", ""), "--reviewer"),
    (("decide", "x", "maybe", "--reviewer", "li.na"), "approve"),
    (("decide", "x", "return", "--reviewer", "li.na", "--reason", "no field"), "FIELD=TEXT"),
    (("decide", "x", "return", "--reviewer", "li.na", "--reason", "=text"), "FIELD=TEXT"),
    (("verify-sms", "x", "--person", "me"), "subject_principal"),
    (("withdraw", "x"), "--reason"),
    (("advance", "x"), "--to-deadline"),
    (("advance", "x", "--by", "1d", "--to-deadline"), "--by"),
    (("advance", "x", "--by", "tomorrow"), "36h"),
    (("advance", "x", "--by", "0d"), "--by"),
    (("advance", "x", "--by", "999999w"), "366d"),
    (("up", "--port-base", "-1"), "--port-base"),
]


async def test_wrong_usage_names_what_is_wrong(bare: Cli) -> None:
    runs = await asyncio.gather(*(bare(*args, code=2) for args, _ in WRONG))
    for ran, (_, named) in zip(runs, WRONG, strict=True):
        assert ran.out == ""
        assert named in ran.err


async def test_wrong_settings_stop_every_command_with_their_name(bare: Cli) -> None:
    needed = {
        **dict.fromkeys(("show", "resubmit", "resume"), ["x"]),
        **dict.fromkeys(("withdraw", "hold"), ["x", "--reason", "x"]),
        **dict.fromkeys(("check", "start"), ["-"]),
        "decide": ["x", "approve", "--reviewer", "x"],
        "verify-sms": ["x", "--person", "subject_principal"],
        "advance": ["x", "--by", "1d"],
        "forecast": ["--kind", "new"],
        "example": ["new-organisation"],
        "schema": ["application"],
    }
    secret = "k1:" + "A" * 43 + "="

    async def refuse(name: str, env: dict[str, str]) -> None:
        ran = await bare(name, *needed.get(name, []), code=2, env=env)
        assert ran.out == ""
        [(variable, value)] = env.items()
        assert variable in ran.err
        assert value not in ran.err

    await asyncio.gather(
        *(refuse(name, {"BEIAN_ENCRYPTION_KEYS": secret}) for name in COMMANDS),
        *(refuse(name, {"BEIAN_AUTHORITY": "nobody-we-know"}) for name in ("list", "check")),
        refuse("forecast", {"BEIAN_CORRECTION_DAYS": "soon-ish"}),
    )
    assert not (bare.folder / "new-organisation.yaml").exists()
    assert not bare.home.exists()


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


@pytest.mark.parametrize("terminal", [False, True])
def test_ids_and_numbers_are_never_cut(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    from io import StringIO

    from rich.console import Console

    from commands import console

    file = StringIO()
    width = 40 if terminal else console.WIDE
    printing = Console(file=file, width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(console, "out", printing)
    row: list[Any] = ["filing-wx1a2b3c4d5e6f7a8b", "昆山示例商城", "苏ICP备2026000001号-1X"]
    console.print_table(("备案", "小程序", "备案号"), [row])
    printed = file.getvalue()
    assert "…" not in printed
    cells = zip(
        *(line.split("│")[1:-1] for line in printed.splitlines() if "│" in line), strict=True
    )
    assert ["".join(part.strip() for part in cell) for cell in cells] == row
