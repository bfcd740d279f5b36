"""Asking the authority. A status check is one activity that is retried until the answer changes:
retries leave no events in the history (design, 1)."""

from temporalio import activity

from activities.alive import alive, not_yet, to_its_end
from activities.asking import Unhurried, answered, asked, still
from activities.ports import Authority, Handing, OrderInTheWay, Pace, Submissions
from filing.application import Application
from filing.authority import AuthorityReport, Known, Standing, WithdrawalAnswer
from filing.model import Model
from filing.vocabulary import CANCELLATIONS

HANDED_OVER = "handed over"


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


class AuthorityActivities:
    """Needs the authority, a record of what it was given, and how often it may be asked."""

    def __init__(
        self, authority: Authority, submissions: Submissions, pace: Pace | None = None
    ) -> None:
        self._authority = authority
        self._submissions = submissions
        self._pace = pace or Unhurried()

    @activity.defn
    async def hand_over(self, submission: Submission) -> AuthorityReport:
        """Hand the application over once, then wait until the authority has decided on it.

        The heartbeat tells the next attempt, on whichever worker, that the order is there: from
        then on it only asks, so that what comes back is never handed over a second time; where the
        heartbeat is lost, as with a new run, the submissions tell. An attempt that has begun is
        finished although the workflow asks to cancel it, so that it is known how it ended.
        """
        return await to_its_end(self._hand_over(submission))

    async def _hand_over(self, submission: Submission) -> AuthorityReport:
        uid, round = submission.uid, submission.round
        appid = submission.application.mini_program.appid
        details = activity.info().heartbeat_details
        async with alive(*details):
            handing = Handing.TAKEN
            if HANDED_OVER not in details:
                handing = await self._submissions.handing(uid, round)
            there = handing is Handing.TAKEN
            if there:
                report = await asked(self._authority.status(appid))
            else:
                try:
                    report = await asked(
                        self._authority.submit(
                            submission.application,
                            round,
                            ours=handing is Handing.BEGUN,
                            applying=lambda: self._submissions.begin(uid, round),
                        )
                    )
                except OrderInTheWay:
                    raise not_yet(
                        "an order of another round or filing is still under review"
                    ) from None
                if report.standing is Standing.CHECKING:
                    await self._submissions.taken(uid, round)
        cancels = submission.application.kind in CANCELLATIONS
        gone = handing is Handing.BEGUN and cancels
        if report.standing is Standing.ABSENT and (there or gone):
            return report  # it was there, or should be by now; of a cancellation: it went through
        waits = {Standing.CHECKING, Standing.ABSENT, Standing.UNKNOWN}
        if cancels:
            waits.add(Standing.APPROVED)  # as before it was asked for
        if report.standing is Standing.STOPPED and not submission.known.news(report):
            raise await still(appid, report, self._pace)
        if report.standing in waits:
            error = await still(appid, report, self._pace)
            activity.heartbeat(HANDED_OVER)
            raise error
        return report

    @activity.defn
    async def watch_authority(self, watched: Watched) -> AuthorityReport:
        """Wait until the authority says something else than what is known."""
        async with alive():
            report = await asked(self._authority.status(watched.appid))
        if not watched.known.news(report):
            raise await still(watched.appid, report, self._pace)
        return report

    @activity.defn
    async def ask_authority(self, order: Order) -> AuthorityReport:
        """What the authority says now."""
        async with alive():
            return await answered(self._authority.status(order.appid))

    @activity.defn
    async def withdraw_from_authority(self, order: Order) -> WithdrawalAnswer:
        """Take the order back, where the authority still allows it."""
        async with alive():
            return await answered(self._authority.withdraw(order.appid))
