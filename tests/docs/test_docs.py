"""The documents against the code, and the house rules that no linter knows."""

import json
import re
import subprocess
from pathlib import Path

import pytest

import starter
from filing.display import DISPLAY_EXAMPLES, DISPLAY_LABELS, DISPLAY_SHAPES, DisplayStatus
from filing.display_view import DisplayAnswer
from filing.process.diagram import diagram
from filing.process.messages import EXAMPLES, SHAPES, Malformed, read
from filing.view import ShownStretch, StatusAnswer
from filing.vocabulary import STATUS_LABELS, Status
from gateways.temporal import SEARCH_ATTRIBUTES
from settings import Settings

ROOT = Path(__file__).parents[2]
MOST_LINES = 500
# In pieces, so that this file does not hold them.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js", "crates" + ".io")
MACHINE_PATHS = ("/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/")

README = (ROOT / "README.md").read_text(encoding="utf-8")
MESSAGES = (ROOT / "docs/messages.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SENT = re.compile(
    r"temporal workflow (?:signal|update execute)[^`]*?--name (?P<name>\w+)[\s\\]+"
    r"--input '(?P<payload>[^']+)'"
)

ALL_SHAPES = SHAPES | DISPLAY_SHAPES


def settings() -> list[str]:
    return [f"BEIAN_{name.upper()}" for name in Settings.model_fields]


def files() -> list[Path]:
    """What is committed, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git work tree")
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def section(title: str) -> str:
    """The text of one heading of docs/messages.md, up to the next."""
    found = re.search(
        rf"^(#+) {re.escape(title)}$(.*?)(?=^#+ |\Z)", MESSAGES, re.MULTILINE | re.DOTALL
    )
    assert found, f"docs/messages.md has no heading {title!r}"
    return found[2]


@pytest.mark.parametrize("name", settings())
def test_every_setting_is_in_the_readme_and_reaches_the_container(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", README, re.MULTILINE)
    assert re.search(rf"^      {name}:", COMPOSE, re.MULTILINE)


def test_no_setting_is_made_up() -> None:
    of_compose = {
        *("TEMPORAL_DB_PASSWORD", "REGISTRY_PASSWORD", "TEMPORAL_RETENTION"),
        *("WEB_UI_PORT", "RECEIVER_PORT"),
    }
    of_contract_tests = {"CONTRACT_BASE_URL", "CONTRACT_APPID", "CONTRACT_MAY_CREATE"}
    known = {*settings(), *(f"BEIAN_{name}" for name in of_compose | of_contract_tests)}
    for document in [*DOCUMENTS, ROOT / "docker-compose.yml"]:
        named = re.findall(r"\bBEIAN_[A-Z_]*[A-Z](?!\w|\*)", document.read_text(encoding="utf-8"))
        assert set(named) <= known, document.name


@pytest.mark.parametrize("name", sorted(starter.COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"^\|.*`{re.escape(name)}[ `]", README, re.MULTILINE)


def test_no_command_is_made_up() -> None:
    for document in DOCUMENTS:
        shown = re.findall(r"starter\.py ([a-z][a-z-]*)", document.read_text(encoding="utf-8"))
        assert set(shown) <= set(starter.COMMANDS), document.name


@pytest.mark.parametrize("name", ALL_SHAPES)
def test_every_message_is_documented_with_an_example(name: str) -> None:
    assert f"--name {name} " in section(f"`{name}`")


@pytest.mark.parametrize("shape", sorted({shape.__name__ for shape in ALL_SHAPES.values()}))
def test_every_key_of_a_message_is_documented(shape: str) -> None:
    names = [name for name, model in ALL_SHAPES.items() if model.__name__ == shape]
    text = "".join(section(f"`{name}`") for name in names)
    assert [f for f in ALL_SHAPES[names[0]].model_fields if f"`{f}`" not in text] == []


def test_every_example_message_is_a_right_one() -> None:
    examples = [
        (match["name"], match["payload"])
        for text in (README, MESSAGES)
        for match in SENT.finditer(text)
    ]
    # `amend` is sent from a file.
    assert {name for name, _ in examples} == set(ALL_SHAPES) - {"amend"}
    for name, payload in examples:
        message = read(name, (json.loads(payload),), ALL_SHAPES, EXAMPLES | DISPLAY_EXAMPLES)
        assert not isinstance(message, Malformed), (name, payload)


@pytest.mark.parametrize("name", SEARCH_ATTRIBUTES)
def test_every_search_attribute_is_documented_with_its_type(name: str) -> None:
    assert f"| `{name}` | {SEARCH_ATTRIBUTES[name]} |" in section("Search attributes")


def test_every_field_of_a_displays_answer_is_documented() -> None:
    text = section("What a display answers")
    assert [name for name in DisplayAnswer.model_fields if f"`{name}`" not in text] == []
    assert [s for s in DisplayStatus if f"`{s.value}` {DISPLAY_LABELS[s]}" not in text] == []


def test_every_field_of_the_status_answer_is_documented() -> None:
    text = section("The `status` answer")
    assert [name for name in StatusAnswer.model_fields if f"`{name}`" not in text] == []
    stretch = ShownStretch.model_json_schema(mode="serialization")["properties"]
    assert [name for name in stretch if f'"{name}"' not in text] == []


def test_every_status_is_documented() -> None:
    assert [s for s in Status if f"`{s.value}` {STATUS_LABELS[s]}" not in MESSAGES] == []


def test_the_diagram_of_the_process_is_current() -> None:
    drawn = re.search(
        r"```mermaid\n(.*?)```", (ROOT / "docs/process.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert drawn
    assert drawn[1] == diagram(), "put the output of filing.process.diagram into docs/process.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    inner = [target for target in targets if "://" not in target]
    assert [target for target in inner if not (document.parent / target).exists()] == []


def test_the_image_holds_every_room() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    programs = {path.name for path in ROOT.glob("*.py")}
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {room for room in rooms if f"COPY {room} {room}\n" not in dockerfile} == set()
    assert {name for name in programs if f" {name} " not in dockerfile} == set()
    assert {f"!{name}" for name in rooms | programs} <= set(ignored)


def test_no_file_of_python_is_long() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files()
        if path.suffix == ".py"
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_nothing_tells_of_a_machine_or_a_package_index() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [
            f"{path.relative_to(ROOT)}: {word}"
            for word in (*REGISTRIES, *MACHINE_PATHS)
            if word in text
        ]
    assert found == []
