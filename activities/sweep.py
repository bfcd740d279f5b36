"""The sweep's activities: mark who is listed without a number, and tell those concerned."""

import asyncio
from datetime import date

from temporalio import activity

from activities.alive import alive, not_yet
from activities.ports import Channels, Ledger, Listed, MayHaveArrived, NotSent
from filing.listing import judge, listing_rule
from filing.model import Model
from filing.notices import Delivery, Notice
from filing.sweep import Deliveries, notices_due

PAUSE = 0.05
"""Seconds after each notice: mail servers have others to serve, and limits."""


class Batch(Model):
    """The next mini programs of a sweep of that day, in order of their appids."""

    day: date
    after: str
    """The last appid that was done; empty at the start."""
    size: int
    most_told: int = 0
    """After so many notices the rest is left to the next batch."""


class Marked(Model):
    """What became of a batch. `last` is None at the end of the inventory."""

    last: str | None
    examined: int
    marked: int
    lifted: int


class Told(Model):
    """What became of a batch's notices. `last`: as far as it came; None at the end of the
    inventory."""

    last: str | None
    deliveries: Deliveries


class SweepActivities:
    """Needs the inventory, the ledger and the channels."""

    def __init__(self, listed: Listed, ledger: Ledger, channels: Channels) -> None:
        self._listed = listed
        self._ledger = ledger
        self._channels = channels

    @activity.defn
    async def mark_unfiled(self, batch: Batch) -> Marked:
        """Mark for clear-out, and lift marks, by the rule and the numbers known now."""
        async with alive():
            page = await self._listed.page(batch.after, batch.size)
            verdicts = {k.appid: judge(k.facts, batch.day, listing_rule()) for k in page}
            marked, lifted = await self._listed.mark(verdicts, batch.day)
        last = page[-1].appid if len(page) == batch.size else None
        return Marked(last=last, examined=len(page), marked=marked, lifted=lifted)

    @activity.defn
    async def tell_unfiled(self, batch: Batch) -> Told:
        """Tell owners and operations what is due, one after the other, but for what was sent.

        An attempt after a lost one goes through the batch again: the ledger knows who was told.
        Only one attempt is at it at a time, also where a worker is thought dead and is not.
        """
        counts = dict.fromkeys(Deliveries.model_fields, 0)
        async with alive(), self._listed.alone() as alone:
            if not alone:
                raise not_yet("another sweep is telling people", "NotNow")
            page = await self._listed.page(batch.after, batch.size)
            last = page[-1].appid if len(page) == batch.size else None
            for known in page:
                verdict = judge(known.facts, batch.day, listing_rule())
                for notice in notices_due(known, verdict, listing_rule()):
                    counts[await self._tell(notice)] += 1
                if sum(counts.values()) - counts["already_sent"] >= batch.most_told:
                    last = known.appid
                    break
        return Told(last=last, deliveries=Deliveries(**counts))

    async def _tell(self, notice: Notice) -> str:
        """Tell one, unless it was told; the field of `Deliveries` that counts it.

        A notice that has begun is finished although the activity is cancelled, so that it is known
        how it ended; a worker that stops begins none.
        """
        if activity.is_worker_shutdown():
            raise not_yet("the worker stops", "NotNow")
        attempt = asyncio.create_task(self._attempt(notice))
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            if not activity.is_worker_shutdown():
                await attempt
            raise

    async def _attempt(self, notice: Notice) -> str:
        begun = await self._ledger.begin(notice)
        if begun is Delivery.ALREADY_SENT:
            return "already_sent"
        what = f"{notice.purpose.value} to {notice.audience.value}"
        try:
            delivery = await self._channels.send(notice)
        except NotSent as refusal:
            await self._ledger.failed(notice, str(refusal))
            activity.logger.warning("notice not sent (%s): %s", what, refusal)
            return "undelivered"
        except MayHaveArrived as doubt:
            activity.logger.warning("notice perhaps not sent (%s): %s", what, doubt)
            return "undelivered"
        if begun is Delivery.POSSIBLY_DOUBLED and delivery is Delivery.SENT:
            delivery = begun
        await self._ledger.end(notice, delivery)
        if delivery is not Delivery.NO_CHANNEL:
            await asyncio.sleep(PAUSE)
        return str(delivery.value)
