"""Sending notices: at least once, and seen once, by the ledger."""

from temporalio import activity

from activities.alive import alive
from activities.ports import Channels, Ledger, NotSent
from filing.notices import Delivery, Notice


class NoticeActivities:
    """Needs the ledger and the channels."""

    def __init__(self, ledger: Ledger, channels: Channels) -> None:
        self._ledger = ledger
        self._channels = channels

    @activity.defn
    async def notify(self, notice: Notice) -> Delivery:
        """Send a notice unless it was sent; a refusal is noted and raised, to be retried."""
        async with alive():
            return await self._send(notice)

    async def _send(self, notice: Notice) -> Delivery:
        begun = await self._ledger.begin(notice)
        if begun is Delivery.ALREADY_SENT:
            return begun
        try:
            delivery = await self._channels.send(notice)
        except NotSent as refusal:
            await self._ledger.failed(notice, str(refusal))
            raise
        if begun is Delivery.POSSIBLY_DOUBLED and delivery is Delivery.SENT:
            delivery = begun
        await self._ledger.end(notice, delivery)
        return delivery
