"""Asking the authority. A status check is one activity that is retried until the answer changes:
retries leave no events in the history (design, 1)."""

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.alive import alive
from activities.ports import Authority, OrderInTheWay
from filing.application import Application
from filing.authority import AuthorityReport, Standing, WithdrawalAnswer
from filing.model import Model
from filing.vocabulary import CANCELLATIONS

HANDED_OVER = "handed over"
IN_THE_WAY = "another order is in the way"


class Submission(Model):
    """An application to be handed over, of this round."""

    application: Application
    round: int
    again: bool = False
    """Whether it was begun before in this round: an order that is there is then its own."""


class Watched(Model):
    """The mini program to ask about, and what is known already."""

    appid: str
    known: Standing


class Order(Model):
    """The mini program whose order is meant: the authority's only key."""

    appid: str


def _not_yet(what: str) -> ApplicationError:
    # Benign: each retry would else log a traceback.
    return ApplicationError(what, type="NotYet", category=ApplicationErrorCategory.BENIGN)


class AuthorityActivities:
    """Needs the authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    @activity.defn
    async def hand_over(self, submission: Submission) -> AuthorityReport:
        """Hand the application over once, then wait until the authority has decided on it.

        The heartbeat tells the next attempt, on whichever worker, that the order is there: from
        then on it only asks, so that what comes back is never handed over a second time.
        """
        info = activity.info()
        known = info.heartbeat_details[0] if info.heartbeat_details else None
        # A first look cannot find an order of its own; later, an attempt may have ended unseen.
        ours = submission.again or (info.attempt > 1 and known != IN_THE_WAY)
        async with alive(*info.heartbeat_details):
            try:
                if known == HANDED_OVER:
                    report = await self._authority.status(submission.application.mini_program.appid)
                else:
                    report = await self._authority.submit(
                        submission.application, submission.round, ours=ours
                    )
            except OrderInTheWay:
                activity.heartbeat(IN_THE_WAY)
                raise _not_yet(
                    "an order of another round or filing is still under review"
                ) from None
        waits = {Standing.CHECKING, Standing.ABSENT, Standing.UNKNOWN}
        if submission.application.kind in CANCELLATIONS:
            waits.add(Standing.APPROVED)  # as before it was asked for
            if known == HANDED_OVER:
                waits.remove(Standing.ABSENT)  # nothing is filed any more: it went through
        if report.standing in waits:
            activity.heartbeat(HANDED_OVER)
            raise _not_yet(f"the authority is still at {report.standing.value}")
        return report

    @activity.defn
    async def watch_authority(self, watched: Watched) -> AuthorityReport:
        """Wait until the authority says something else than what is known."""
        async with alive():
            report = await self._authority.status(watched.appid)
        if report.standing in (watched.known, Standing.UNKNOWN):
            raise _not_yet(f"the authority is still at {report.standing.value}")
        return report

    @activity.defn
    async def ask_authority(self, order: Order) -> AuthorityReport:
        """What the authority says now."""
        async with alive():
            return await self._authority.status(order.appid)

    @activity.defn
    async def withdraw_from_authority(self, order: Order) -> WithdrawalAnswer:
        """Take the order back, where the authority still allows it."""
        async with alive():
            return await self._authority.withdraw(order.appid)
