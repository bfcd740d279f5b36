"""Temporal's Web UI as somebody reads it who has never seen our code."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, FrameLocator, Locator, Page, expect

from tests.playing import Filing

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds: the page asks a worker for the current details."""
expect.set_options(timeout=PATIENCE)


class FilingPages:
    """The pages of one filing."""

    def __init__(self, page: Page, web_ui: str, filing: Filing, pictures: Path) -> None:
        self._page = page
        self._list = f"{web_ui}/namespaces/default/workflows"
        self._filing = filing
        self._pictures = pictures

    async def _open(self, tab: str) -> None:
        await self._page.goto(f"{self._list}/{self._filing.id}/{self._filing.uid}/{tab}")

    def _frame(self, name: str) -> FrameLocator:
        return self._page.frame_locator(f"iframe#user-metadata-{name}")

    async def details(self, *says: str) -> None:
        """Under "User Metadata": the summary, and current details that say each of these."""
        await self._open("user-metadata")
        application = self._filing.application
        await expect(self._frame("summary").locator("body")).to_contain_text(
            f"{application.mini_program.name} · {application.mini_program.appid}"
        )
        body = self._frame("current-details").locator("body")
        for text in says:
            await expect(body).to_contain_text(text)

    async def timeline(self, *says: str) -> None:
        """The names of timers and activities on the timeline."""
        await self._open("timeline")
        for text in says:
            await expect(self._page.get_by_text(text).first).to_be_visible()

    async def columns(self, *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """Choose the list's columns, as a person does; the browser remembers them."""
        page = self._page
        await page.goto(self._list)
        await page.get_by_role("button", name="Configure Columns").click()
        for name in remove:
            await page.get_by_role("button", name=f"Remove {name} column").click()
        for name in add:
            await page.get_by_role("button", name=f"Add {name} column").click()
        await page.get_by_role("button", name="Close Workflows Table configuration").click()

    async def row(self, query: str) -> Locator:
        """The filing's row in the list that a query gives."""
        await self._page.goto(f"{self._list}?query={query}")
        row = self._page.get_by_role("row").filter(has_text=self._filing.id)
        await expect(row).to_be_visible()
        return row

    async def picture(self, name: str, *, down_to: str | None = None) -> None:
        """Keep what is seen now, in few colours: it goes into the documents. `down_to` is a text of
        the current details that is to be seen."""
        if down_to is not None:
            text = self._frame("current-details").get_by_text(down_to).first
            await text.scroll_into_view_if_needed()
        seen = Image.open(io.BytesIO(await self._page.screenshot()))
        seen.convert("RGB").quantize(64).save(self._pictures / f"{name}.png", optimize=True)

    async def example_of(self, signal: str) -> dict[str, Any]:
        """The first payload that the current details give for this signal, as a reader copies it."""
        await self._open("user-metadata")
        body = self._frame("current-details").locator("body")
        lead = body.locator("p").filter(has=self._page.locator(f"code:text-is('{signal}')"))
        block = lead.first.locator("xpath=following-sibling::pre[1]")
        read: dict[str, Any] = json.loads(await block.inner_text())
        return read

    async def send(self, signal: str, payload: dict[str, Any]) -> None:
        """Send a signal as a reviewer does: More Actions, Send a Signal."""
        page = self._page
        await page.get_by_role("button", name="More Actions").click()
        await page.get_by_role("menuitem", name="Send a Signal").click()
        dialog = page.get_by_role("dialog", name="Send a Signal")
        await dialog.get_by_role("button", name="Select a signal").click()
        await dialog.get_by_role("option", name=signal, exact=True).click()
        data = dialog.get_by_role("textbox", name="Data")
        await data.fill(json.dumps(payload, ensure_ascii=False))
        await data.blur()  # it lays the JSON out, and the button below it moves
        await expect(data).to_contain_text("{\n")
        await dialog.get_by_role("button", name="Submit").click()
        await expect(dialog).to_be_hidden()


async def new_page(browser: Browser) -> Page:
    context = await browser.new_context(
        viewport={"width": 1400, "height": 1000}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    return await context.new_page()
