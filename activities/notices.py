"""Sending notices: at least once, and seen once, by the ledger."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.alive import alive, not_yet, to_its_end
from activities.ports import AnotherTells, Channels, Ledger, NotSent
from filing.notices import Delivery, Notice

FIRST_DOUBT = timedelta(minutes=10)
LONGEST_DOUBT = timedelta(hours=6)
"""Where a notice may have arrived it is repeated far less often than where it certainly did not:
each repetition may be one more copy to the same person."""


class NoticeActivities:
    """Needs the ledger and the channels."""

    def __init__(self, ledger: Ledger, channels: Channels) -> None:
        self._ledger = ledger
        self._channels = channels

    @activity.defn
    async def notify(self, notice: Notice) -> Delivery:
        """Send a notice unless it was sent; a refusal is noted and raised, to be retried.

        An attempt that has begun is finished although the workflow asks to cancel it, so that it is
        known how it ended.
        """
        return await to_its_end(self._attempt(notice))

    async def _attempt(self, notice: Notice) -> Delivery:
        """The heartbeat tells the next attempt that the notice was sent: from then on only the
        ledger has to hear of it."""
        known = activity.info().heartbeat_details
        if known:
            delivery = Delivery(known[0])
        else:
            async with alive():
                try:
                    begun = await self._ledger.begin(notice, activity.info().scheduled_time)
                except AnotherTells as other:
                    raise not_yet(str(other), type(other).__name__) from None
                if begun in (Delivery.ALREADY_SENT, Delivery.SHARED):
                    return begun
                delivery = await self._send(notice)
                if begun is Delivery.POSSIBLY_DOUBLED and delivery is Delivery.SENT:
                    delivery = begun
        async with alive(delivery.value):
            await self._ledger.end(notice, delivery)
        return delivery

    async def _send(self, notice: Notice) -> Delivery:
        try:
            return await self._channels.send(notice)
        except NotSent as refusal:
            await self._ledger.failed(notice, str(refusal))
            raise _to_be_repeated(notice, refusal, None) from refusal
        except Exception as doubt:
            wait = min(FIRST_DOUBT * 3 ** min(activity.info().attempt - 1, 9), LONGEST_DOUBT)
            await self._ledger.doubtful(notice, wait)
            raise _to_be_repeated(notice, doubt, wait) from doubt


def _to_be_repeated(notice: Notice, why: Exception, after: timedelta | None) -> ApplicationError:
    """One line in the log of each attempt, instead of a traceback."""
    what = f"{notice.purpose.value} to {notice.audience.value}"
    activity.logger.warning("notice not sent (%s): %s", what, why)
    return ApplicationError(
        str(why),
        type=type(why).__name__,
        next_retry_delay=after,
        category=ApplicationErrorCategory.BENIGN,
    )
