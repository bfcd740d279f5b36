"""Asking the authority. A status check is one activity that is retried until the answer changes:
retries leave no events in the history (design, 1)."""

from temporalio import activity

from activities.alive import alive, not_yet, to_its_end
from activities.asking import Unhurried, answered, asked, still
from activities.ports import Authority, OrderInTheWay, Pace, Stops
from filing.application import Application
from filing.authority import AuthorityReport, Known, Standing, WithdrawalAnswer
from filing.errors import ORDER_IN_THE_WAY
from filing.model import Model
from filing.vocabulary import CANCELLATIONS


class Submission(Model):
    """An application to be handed over, of this round."""

    uid: str
    application: Application
    round: int
    known: Known = Known()


class Watched(Model):
    """The mini program to ask about, and what is known already."""

    appid: str
    known: Known


class Order(Model):
    """The mini program whose order is meant: the authority's only key."""

    appid: str
    uid: str | None = None
    """Whose order is to be taken back; None in what was asked before this was said."""


class AuthorityActivities:
    """Needs the authority, how often it may be asked, and who is told when a stop is over."""

    def __init__(
        self, authority: Authority, pace: Pace | None = None, stops: Stops | None = None
    ) -> None:
        self._authority = authority
        self._pace = pace or Unhurried()
        self._stops = stops

    @activity.defn
    async def hand_over(self, submission: Submission) -> AuthorityReport:
        """Hand the application over once, then wait until the authority has decided on it, or
        something else has to be done first that is not known yet: a face check, an entry that is
        closed, a setting.

        An attempt that has begun is finished although the workflow asks to cancel it, so that it is
        known how it ended.
        """
        return await to_its_end(self._hand_over(submission))

    async def _hand_over(self, submission: Submission) -> AuthorityReport:
        application, uid, round = submission.application, submission.uid, submission.round
        async with alive():
            try:
                report = await asked(self._authority.submit(application, uid, round))
            except OrderInTheWay:
                what = "an order of another round or filing is still under review"
                raise not_yet(what, ORDER_IN_THE_WAY) from None
            await self._goes_on(submission.known, report)
        if not _decided(submission, report):
            raise await still(application.mini_program.appid, report, self._pace)
        return report

    @activity.defn
    async def watch_authority(self, watched: Watched) -> AuthorityReport:
        """Wait until the authority says something else than what is known."""
        async with alive():
            report = await asked(self._authority.status(watched.appid))
            await self._goes_on(watched.known, report)
        if not watched.known.news(report):
            raise await still(watched.appid, report, self._pace)
        return report

    async def _goes_on(self, known: Known, report: AuthorityReport) -> None:
        goes_on = report.standing not in (Standing.STOPPED, Standing.UNKNOWN)
        if known.standing is Standing.STOPPED and goes_on and self._stops is not None:
            await self._stops.over()

    @activity.defn
    async def ask_authority(self, order: Order) -> AuthorityReport:
        """What the authority says now."""
        async with alive():
            return await answered(self._authority.status(order.appid))

    @activity.defn
    async def withdraw_from_authority(self, order: Order) -> WithdrawalAnswer:
        """Take the order back, where the authority still allows it."""
        async with alive():
            return await answered(self._authority.withdraw(order.appid, order.uid))


def _decided(submission: Submission, report: AuthorityReport) -> bool:
    """Whether there is something to tell a filing that waits to be taken to the bureau."""
    known, standing = submission.known, report.standing
    cancels = submission.application.kind in CANCELLATIONS
    if standing is Standing.ABSENT and (report.available or cancels):
        return True  # it was there; of a cancellation: it went through
    if cancels and standing is Standing.APPROVED:
        return False  # as before it was asked for
    if standing is Standing.CHECKING and known.standing in (None, Standing.ABSENT):
        # As it is to be: only what has to be done, or may be done again, is worth a word.
        return report.note is not None or report.available is not known.available
    return known.news(report)
