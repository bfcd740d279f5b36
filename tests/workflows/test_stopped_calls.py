"""An authority that takes no call until somebody changes a setting."""

import asyncio
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from filing.vocabulary import Status
from tests.own_stack import OwnStack, own_stack
from tests.playing import Filing

SECRET = "BEIAN_WECHAT_COMPONENT_SECRET"


async def test_operations_are_told_once_for_all_filings_and_it_is_asked_on(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "wechat_component_secret": "wrong",
        "poll_first": 1.0,
        "poll_longest": 1.0,
    }
    async with own_stack(tmp_path, **settings) as own:
        filings = await asyncio.gather(*(stopped(own) for _ in range(4)))
        async with asyncio.timeout(60):
            while min([await attempts(one.handle) for one in filings]) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            # Where the worker was slow to say that it lived, the one that tells was tried twice.
            while not (  # noqa: ASYNC110
                (states := sorted(await told(own, filings)))[1:] == ["shared"] * 3
                and states[0] in ("sent", "possibly_doubled")
            ):
                await asyncio.sleep(0.1)
        mail, *doubled = [mail for mail in mails(own) if SECRET in mail]
        assert not doubled or states[0] == "possibly_doubled"
        assert (
            "这一原因会使所有备案停下:24 小时内其他备案不再逐件通知,恢复后再次发生的除外。" in mail
        )
        for one in filings:
            assert SECRET in str([entry.note for entry in (await one.status()).timeline])
        assert SECRET in own.worker_log


async def stopped(own: OwnStack) -> Filing:
    filing = await own.begin()
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    await filing.player.until(Status.SUBMISSION)
    return filing


async def attempts(handle: Any) -> int:
    """How often what the filing asks the authority was tried."""
    pending = (await handle.describe()).raw_description.pending_activities
    return max((activity.attempt for activity in pending), default=0)


async def told(own: OwnStack, filings: list[Filing]) -> list[str]:
    """How each filing's notice about the trouble ended."""
    all_of = [await own.services.registry.notices(filing.uid) for filing in filings]
    return [n.state for notices in all_of for n in notices if n.purpose == "trouble"]


def mails(own: OwnStack) -> list[str]:
    """The texts of all caught mails."""
    files = own.stack.mail.messages()
    parsed = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    bodies = [mail.get_body(("plain",)) for mail in parsed]
    return [body.get_content() for body in bodies if body is not None]
