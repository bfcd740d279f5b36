"""A browser, and where its pictures go."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from embedded.stack import Stack
from tests.playing import Filing
from tests.ui.pages import CHROMIUM, FilingPages, new_page

Pages = Callable[[Filing], FilingPages]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = shutil.which("chromium")
    assert found, "no chromium: `make test-ui` installs it from Debian (apt-get install chromium)"
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=found, args=CHROMIUM)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make pictures` keeps them in the documents."""
    kept = os.environ.get("PICTURES")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def pages(stack: Stack, browser: Browser, pictures: Path) -> AsyncIterator[Pages]:
    page = await new_page(browser)
    yield lambda filing: FilingPages(page, stack.info.web_ui, filing, pictures)
    await page.context.close()
