"""Fetching the authority's lists (reference section 5: they change, and none is to be stored for
good)."""

import asyncio
from datetime import UTC, datetime, timedelta

from gateways.wechat.client import ApiList, WechatClient
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.kept_lists import KeptLists
from gateways.wechat.lists import NAMES, Item, Lists

BELIEVED_FOR = timedelta(hours=1)
"""How long an application is given ids of a list that was fetched before."""

_LISTS = {
    "subject_types": ApiList.SUBJECT_TYPES,
    "certificate_types": ApiList.CERTIFICATE_TYPES,
    "service_contents": ApiList.SERVICE_CONTENT_TYPES,
    "pre_approvals": ApiList.PRE_APPROVAL_TYPES,
    "districts": ApiList.DISTRICTS,
}


class LiveLists:
    """The lists, fetched anew once they are older than `BELIEVED_FOR`."""

    def __init__(self, client: WechatClient, kept: KeptLists) -> None:
        self._client, self._kept = client, kept
        self._lock = asyncio.Lock()

    async def get(self, appid: str) -> Lists:
        """The lists; they are the same for every mini program, whose token is only the key."""
        async with self._lock:
            kept = await self._kept.get()
            if kept is not None and datetime.now(UTC) - kept[0] < BELIEVED_FOR:
                return kept[1]
            return await self.fetch(appid)

    async def fetch(self, appid: str) -> Lists:
        """Fetch them all, and keep them for everybody."""
        fetched = await asyncio.gather(*(self._fetch(appid, name) for name in NAMES))
        for name, items in zip(NAMES, fetched, strict=True):
            await self._kept.keep(name, items)
        return Lists(*fetched)

    async def _fetch(self, appid: str, name: str) -> tuple[Item, ...]:
        which = _LISTS[name]
        try:
            return await self._client.items(appid, which)
        except ApiRefusal as refusal:
            raise refusal.unexpected(which.value) from None
