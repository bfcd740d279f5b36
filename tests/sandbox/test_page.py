"""The control page: served by the sandbox, with nothing from elsewhere, and words in both languages."""

import re
from pathlib import Path

from sandbox.faults import KINDS
from tests.sandbox.wechat_client import sandbox


async def test_the_page_is_whole_and_calls_only_what_there_is(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        reply = await client.http.get("/sandbox")
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        page = reply.text
        assert not re.search(r"""(?:src|href)\s*=\s*["']""", page)
        assert "innerHTML" not in page
        for kind in KINDS:
            assert f'"{kind}"' in page
        paths = "orders callback pushes timetable faults quota faces faces/wx1"
        for path in paths.split():
            answer = await client.http.get(f"/sandbox/{path}")
            assert answer.status_code == 200, path


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    page = (Path(__file__).parents[2] / "sandbox/data/control.html").read_text("utf-8")
    block = page[page.index("const WORDS") : page.index("const STATUS")]
    words = dict(re.findall(r'(\w+): \["([^"]+)",\s+"[^"]+"\]', block))
    assert all(re.search(r"[\u4e00-\u9fff]", chinese) for name, chinese in words.items())
    used = set(re.findall(r'data-t="(\w+)"', page)) | set(re.findall(r'word\("(\w+)"\)', page))
    used |= set(re.findall(r'button\("(\w+)"', page)) | set(re.findall(r'part\("(\w+)"', page))
    assert used - set(words) == set()
