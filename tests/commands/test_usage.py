"""How commands are called, and called wrongly: help, options, settings, exit codes."""

import asyncio
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import starter
from commands import console
from commands.bulk import OpenStatus
from filing.vocabulary import Status
from tests.commands.conftest import Call, Cli

COMMANDS = sorted(starter.COMMANDS)
OPTIONS: dict[str, tuple[str, ...]] = {
    "up": ("--port-base", "--time-travel"),
    "demo": ("--json", "--keep"),
    "advance": ("--by", "--to-deadline"),
    "check": ("--json", "--at"),
    "forecast": ("--kind", "--stage", "--from", "--json"),
    "start": (
        *("--dry-run", "--json", "--queue", "--confirm"),
        *("--follow", "--again", "--all-or-nothing", "--rate"),
    ),
    "batches": ("--result", "--report", "--follow", "--stop", "--limit", "--json"),
    "list": (
        *("--status", "--kind", "--province", "--waiting-for"),
        *("--overdue", "--due-before", "--limit", "--json"),
        "--unfiled",
    ),
    "listing": ("--at", "--json"),
    "sweep": ("--at", "--dry-run", "--json"),
    "show": ("--json",),
    "decide": (
        *("--reviewer", "--reason", "--number", "--stage", "--round", "--json"),
        *("--from", "--dry-run", "--again", "--follow", "--rate"),
    ),
    "verify-sms": ("--person",),
    "withdraw": ("--reason",),
    "hold": ("--reason",),
    "receive": ("--port", "--host"),
    "events": ("--unknown", "--appid", "--json", "--limit"),
}
"""Contract, section 2."""
NEEDED: dict[str, tuple[str, ...]] = {
    "show": ("x",),
    "resubmit": ("x",),
    "resume": ("x",),
    "withdraw": ("x", "--reason", "x"),
    "hold": ("x", "--reason", "x"),
    "decide": ("x", "approve", "--reviewer", "x"),
    "verify-sms": ("x", "--person", "subject_principal"),
    "advance": ("x", "--by", "1d"),
    "check": ("-",),
    "start": ("-",),
    "forecast": ("--kind", "new"),
    "example": ("new-organisation",),
    "schema": ("application",),
    "listing": ("wx1a2b3c4d5e6f7a8b",),
}
"""What a command cannot do without."""
ALONE = {"up", "demo", "migrate", "list", "sweep", "receive", "events", "batches"}
NEED_NO_SERVICE = {"up", "demo", "check", "forecast", "example", "schema"}
CALLED = sorted(set(COMMANDS) & (NEEDED.keys() | ALONE))

WRONG: list[tuple[tuple[str, ...], str]] = [
    (("nonsense",), "nonsense"),
    (("check",), "FILE"),
    (("list", "--nonsense"), "--nonsense"),
    (("list", "--status", "nonsense"), "platform_review"),
    (("list", "--limit", "0"), "--limit"),
    (("list", "--due-before", "soon"), "--due-before"),
    (("list", "--province", " "), "--province"),
    (("list", "--province", "江苏"), "江苏省"),
    (("list", "--province", "苏"), "江苏省"),
    (("list", "--province", "江苏少"), "江苏省"),
    (("list", "--province", "nowhere"), "江苏省"),
    (("hold-many", "--province", "江苏", "--reason", "x"), "江苏省"),
    (("list", "--unfiled", "--overdue"), "--unfiled"),
    (("listing",), "APPID"),
    (("listing", "WX1"), "WX1"),
    (("listing", "wx1a2b3c4d5e6f7a8b", "--at", "soon"), "--at"),
    (("sweep", "--at", "soon"), "--at"),
    (("receive", "--port", "70000"), "--port"),
    (("events", "--appid", "WX1"), "WX1"),
    (("events", "--limit", "0"), "--limit"),
    (("inventory", "import"), "FILE"),
    (("inventory", "list", "--limit", "0"), "--limit"),
    (("show",), "ID"),
    (("show", ""), "ID"),
    (("show", "\udcff"), "UTF-8"),
    (("decide", "x", "approve"), "--reviewer"),
    (("decide", "x", "approve", "--reviewer", ""), "--reviewer"),
    (("decide", "x", "--reviewer", "li.na"), "OUTCOME"),
    (("decide", "x", "approve", "--reviewer", "li.na", "--from", "a.csv"), "--from"),
    (("decide", "x", "approve", "--reviewer", "li.na", "--dry-run"), "--from"),
    (("decide", "--from", "a.csv", "--rate", "0"), "--rate"),
    (("start", "a.csv", "--rate", "5000"), "--rate"),
    (("batches", " "), "ID"),
    (("batches", "--stop"), "ID"),
    (("batches", "x", "--result", "nonsense"), "already_open"),
    (("withdraw-many", "--reason", "x"), "--province"),
    (("withdraw-many", "--all"), "--reason"),
    (("withdraw-many", "--all", "--reason", "x", "--dry-run", "--yes"), "--dry-run"),
    (("withdraw-many", "--status", "approved", "--reason", "x"), "bureau_review"),
    (("schema", "application", "--csv", "a.csv"), "decision_columns"),
    (("decide", "x", "maybe", "--reviewer", "li.na"), "approve"),
    (("decide", "x", "return", "--reviewer", "li.na", "--reason", "no field"), "FIELD=TEXT"),
    (("decide", "x", "return", "--reviewer", "li.na", "--reason", "=text"), "FIELD=TEXT"),
    (("decide", "x", "approve", "--reviewer", "li.na", "--reason", "kind=x"), "--reason"),
    (("decide", "x", "return", "--reviewer", "li.na", "--number", "x"), "--number"),
    (("decide", "x", "reject", "--reviewer", "li.na", "--number", "x"), "--number"),
    (("decide", "x", "return", "--reviewer", "li.na", "--reason", "kind=|x"), "FIELD=TEXT"),
    (("decide", "x", "approve", "--reviewer", "li.na", "--stage", "correction"), "bureau_review"),
    (("decide", "x", "approve", "--reviewer", "li.na", "--round", "0"), "--round"),
    (("verify-sms", "x", "--person", "me"), "subject_principal"),
    (("withdraw", "x"), "--reason"),
    (("advance", "x"), "--to-deadline"),
    (("advance", "x", "--by", "1d", "--to-deadline"), "--by"),
    (("advance", "x", "--by", "tomorrow"), "36h"),
    (("advance", "x", "--by", "0d"), "--by"),
    (("advance", "x", "--by", "999999w"), "366d"),
    (("up", "--port-base", "-1"), "--port-base"),
    (("forecast",), "--kind and --stage"),
    (("forecast", "--kind", "new", "--stage", "submission"), "--kind and --stage"),
    (("forecast", "--stage", "approved"), "--stage approved"),
    (("forecast", "--stage", "submission", "--from", "soon"), "--from"),
    (("forecast", "--stage", "submission", "--from", "1999-01-01"), "2004"),
    (("check", "-", "--at", "tomorrow"), "--at"),
    (("check", "-", "--at", "20260-01-01"), "2026-11-24"),
    (("example", "nonsense"), "new-organisation"),
    (("example", "new-organisation", "--appid", "WX1"), "AppID"),
    (("schema", "nonsense"), "application"),
    (("authority", "lists", "--refresh", "wx1"), "--refresh"),
]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_what_it_does_and_its_options(call: Call, name: str) -> None:
    told = call(name, "--help", code=0).out
    assert told.startswith(f"Usage: starter.py {name}")
    assert [option for option in OPTIONS.get(name, ()) if f"  {option} " not in told] == []
    # Words for what is to be given, not Python's types.
    assert name not in OPTIONS or not re.search(r"  --\S+ <(?:str|int|float|list)", told), told


def test_help_names_every_command(call: Call) -> None:
    told = call("--help", code=0).out
    assert [name for name in COMMANDS if f"  {name} " not in told] == []
    assert "Exit codes: 0 done, 1 the answer is no" in told


@pytest.mark.parametrize(("args", "named"), WRONG, ids=lambda value: ascii(value)[:60])
def test_wrong_usage_is_named(call: Call, args: tuple[str, ...], named: str) -> None:
    ran = call(*args, code=2)
    assert ran.out == ""
    assert named in ran.err
    assert "Value error" not in ran.err


def test_many_are_chosen_by_every_status_of_an_open_filing() -> None:
    open_ones = {status.value for status in Status if not status.final}
    assert {status.value for status in OpenStatus} == open_ones


@pytest.mark.parametrize("name", CALLED)
def test_keys_that_would_not_encrypt_stop_every_command(
    call: Call, tmp_path: Path, name: str
) -> None:
    keys = "k1:" + "A" * 43 + "="
    ran = call(name, *NEEDED.get(name, ()), code=2, BEIAN_ENCRYPTION_KEYS=keys)
    assert ran.out == ""
    assert "BEIAN_ENCRYPTION_KEYS" in ran.err
    assert keys not in ran.err
    assert not (tmp_path / "new-organisation.yaml").exists()
    assert not (tmp_path / "no-home").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("BEIAN_AUTHORITY", "nobody"), ("BEIAN_CORRECTION_DAYS", "some days")]
)
def test_a_wrong_setting_is_named(call: Call, name: str, value: str) -> None:
    ran = call("check", "-", code=2, **{name: value})
    assert name in ran.err
    assert value not in ran.err


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("BEIAN_WECHAT_ENCODING_AES_KEY", "a" * 42, "43 letters and digits"),
        ("BEIAN_WECHAT_TOKEN", "my t0ken", "without spaces"),
        ("BEIAN_CALLBACK_WITHIN", "0", "greater than or equal to 1"),
        ("BEIAN_AUTHORITY", "manual", "nothing is pushed"),
        ("BEIAN_WECHAT_BASE_URL", "api.example.com", "https://"),
        ("BEIAN_WECHAT_BASE_URL", "https://user:secret@host", "not an address"),
    ],
)
def test_what_callbacks_cannot_be_verified_by_is_named(
    call: Call, name: str, value: str, fix: str
) -> None:
    ran = call("receive", code=2, **{name: value})
    assert name in ran.err
    assert fix in ran.err
    assert "Value error" not in ran.err
    assert len(value) < 7 or value not in ran.err


def test_the_platforms_own_credentials_are_needed_not_empty_ones(call: Call) -> None:
    ran = call(
        "events",
        code=2,
        BEIAN_AUTHORITY="wechat",
        BEIAN_WECHAT_COMPONENT_APPID="wxc0ffee0000000009",
        BEIAN_WECHAT_COMPONENT_SECRET="",
    )
    assert "\n  BEIAN_AUTHORITY=wechat needs BEIAN_WECHAT_COMPONENT_SECRET" in ran.err


def test_the_sandboxes_own_keys_verify_nothing_of_the_platforms(call: Call) -> None:
    credentials = {
        "BEIAN_AUTHORITY": "wechat",
        "BEIAN_WECHAT_COMPONENT_APPID": "wxc0ffee0000000009",
        "BEIAN_WECHAT_COMPONENT_SECRET": "a secret",
        "BEIAN_WECHAT_COMPONENT_TICKET": "a ticket",
    }
    ran = call("receive", code=2, **credentials)
    assert "BEIAN_WECHAT_TOKEN and BEIAN_WECHAT_ENCODING_AES_KEY" in ran.err
    ran = call("receive", code=2, **credentials, BEIAN_WECHAT_TOKEN="a-token")
    assert "BEIAN_WECHAT_TOKEN" not in ran.err
    assert "BEIAN_WECHAT_ENCODING_AES_KEY" in ran.err


def test_a_check_that_cannot_be_switched_is_named_with_what_was_meant(call: Call) -> None:
    ran = call("check", "-", code=2, BEIAN_CHECKS="mobile.shard=warning")
    assert "BEIAN_CHECKS" in ran.err
    assert "mobile.shared" in ran.err


def test_check_judges_by_the_severities_that_the_operator_wants(call: Call, tmp_path: Path) -> None:
    call("example", "new-organisation", code=0)
    file = tmp_path / "new-organisation.yaml"
    text = file.read_text(encoding="utf-8").replace("昆山示例商城 ", "昆山示例小程序 ")
    file.write_text(text, encoding="utf-8")
    assert "name.generic" in call("check", str(file), code=0).out
    assert "name.generic" in call("check", str(file), code=1, BEIAN_CHECKS="name.generic=error").out
    assert (
        "name.generic" not in call("check", str(file), code=0, BEIAN_CHECKS="name.generic=off").out
    )


@pytest.mark.parametrize("name", sorted(set(CALLED) - NEED_NO_SERVICE))
def test_without_up_a_command_says_what_to_start(call: Call, tmp_path: Path, name: str) -> None:
    ran = call(name, *NEEDED.get(name, ()), code=3)
    assert ran.out == ""
    assert "starter.py up" in ran.err
    assert str(tmp_path / "no-home") in ran.err
    assert not (tmp_path / "no-home").exists()


async def test_the_exit_code_reaches_the_shell(bare: Cli) -> None:
    """What the tests above call within this process, as a process of its own."""
    told, usage, keys, listing, showing = await asyncio.gather(
        bare("--help"),
        bare("advance", "x", "--by", "tomorrow", code=2),
        bare("demo", code=2, env={"BEIAN_ENCRYPTION_KEYS": "k1:AAAA"}),
        bare("list", "--json", code=3),
        bare("show", "x", code=3),
    )
    assert told.err == ""
    assert "--by" in usage.err
    assert "BEIAN_ENCRYPTION_KEYS" in keys.err
    assert "starter.py up" in listing.err
    assert "starter.py up" in showing.err


@pytest.mark.parametrize("width", [40, console.USUAL, console.WIDE])
def test_ids_and_numbers_are_never_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    file = StringIO()
    printing = Console(file=file, width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(console, "out", lambda: printing)
    row = ["filing-wx1a2b3c4d5e6f7a8b", *["昆山示例商城"] * 3, "苏ICP备2026000001号-1X"]
    console.print_table(("备案", "小程序", "", "", "备案号"), [row])
    printed = file.getvalue()
    assert "…" not in printed
    assert (row[0] in printed) is (width >= console.USUAL)
    lines = [line.split("│")[1:-1] for line in printed.splitlines() if "│" in line]
    cells = zip(*lines, strict=True)
    assert ["".join(part.strip() for part in cell) for cell in cells] == row
