"""`BEIAN_MATERIALS_URL`: what it may name, and how a wrong one is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from settings import S3Place, Settings, WrongSettings, load

ROOT = Path(__file__).parents[2]


def place(monkeypatch: pytest.MonkeyPatch, url: str) -> Path | S3Place:
    monkeypatch.setenv("BEIAN_MATERIALS_URL", url)
    return load().materials_place


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("file:///srv/beian/materials", Path("/srv/beian/materials")),
        ("file:///srv/beian%20papers/", Path("/srv/beian papers")),
        ("s3://beian", S3Place("beian", "")),
        ("s3://beian-papers.2026/", S3Place("beian-papers.2026", "")),
        ("s3://beian/of/2026.materials/", S3Place("beian", "of/2026.materials")),
    ],
)
def test_a_place_is_a_folder_or_a_bucket(
    monkeypatch: pytest.MonkeyPatch, url: str, named: Path | S3Place
) -> None:
    assert place(monkeypatch, url) == named


def test_by_default_it_is_a_folder_of_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(home=Path("there")).materials_place == Path("there/materials")
    assert place(monkeypatch, "") == Path(".beian/materials")


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("/srv/hunter2", "file:///absolute/folder"),
        ("hunter2", "file:///absolute/folder"),
        ("file://hunter2/materials", "three slashes"),
        ("file:///", "file:///absolute/folder"),
        ("file:///hunter2%00", "file:///absolute/folder"),
        ("gs://hunter2/papers", "s3://bucket/prefix"),
        ("https://hunter2.example.com/papers", "s3://bucket/prefix"),
        ("s3://", "s3://bucket/prefix"),
        ("s3:///hunter2", "s3://bucket/prefix"),
        ("s3://Hunter2/papers", "s3://bucket/prefix"),
        ("s3://beian/../hunter2", "s3://bucket/prefix"),
        ("s3://beian//hunter2", "s3://bucket/prefix"),
        ("s3://beian/hunter 2", "s3://bucket/prefix"),
        ("s3://AKIA:hunter2@beian/papers", "AWS_ACCESS_KEY_ID"),
        ("s3://beian/papers?secret=hunter2", "AWS_ENDPOINT_URL"),
        ("s3://[hunter2", "s3://bucket/prefix"),
    ],
)
def test_a_wrong_place_is_told_with_its_fix_and_never_its_value(
    monkeypatch: pytest.MonkeyPatch, url: str, fix: str
) -> None:
    with pytest.raises(WrongSettings, match=r"BEIAN_MATERIALS_URL: ") as refusal:
        place(monkeypatch, url)
    assert fix in str(refusal.value)
    assert "hunter" not in str(refusal.value).lower()


@pytest.mark.parametrize("program", [("worker.py",), ("starter.py", "materials", "verify")])
def test_a_wrong_place_stops_a_program_at_its_start(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    script, *arguments = program
    ended = subprocess.run(
        [sys.executable, str(ROOT / script), *arguments],
        env={**os.environ, "BEIAN_HOME": str(tmp_path), "BEIAN_MATERIALS_URL": "s3://u:p@bucket"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "BEIAN_MATERIALS_URL" in ended.stderr
    assert "u:p" not in ended.stderr
