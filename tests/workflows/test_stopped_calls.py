"""An authority that takes no call until somebody changes a setting."""

import asyncio
from pathlib import Path
from typing import Any

from filing.vocabulary import Status
from tests.own_stack import own_stack


async def test_operations_are_told_once_and_it_is_asked_on(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "wechat_component_secret": "wrong",
        "poll_first": 1.0,
        "poll_longest": 1.0,
    }
    async with own_stack(tmp_path, **settings) as own:
        filing = await own.begin()
        await filing.player.until(Status.PLATFORM_REVIEW)
        await filing.player.signal("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
        await filing.player.until(Status.SUBMISSION)
        async with asyncio.timeout(60):
            while await attempts(filing.handle) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        notices = await own.services.registry.notices(filing.uid)
        assert [n.audience for n in notices if n.purpose == "trouble"] == ["operations"]
        said = [entry.note for entry in (await filing.status()).timeline]
        assert "BEIAN_WECHAT_COMPONENT_SECRET" in str(said)
        assert "BEIAN_WECHAT_COMPONENT_SECRET" in own.worker_log


async def attempts(handle: Any) -> int:
    """How often what the filing asks the authority was tried."""
    pending = (await handle.describe()).raw_description.pending_activities
    return max((activity.attempt for activity in pending), default=0)
