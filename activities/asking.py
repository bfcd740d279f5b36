"""How the authority is asked: on a task queue of its own, and what follows where it gives no answer,
the same answer again, or one that somebody must act on first."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.alive import alive, not_yet
from activities.ports import MustBeMended, NotNow, Pace
from filing.authority import AuthorityReport, Standing

AUTHORITY_QUEUE = "authority"
"""Task queue of all that asks the authority: the server holds its rate, for all workers together."""

MENDING = timedelta(minutes=10)
"""Pause between questions while somebody has to change a setting or an authorisation."""

_Answer = TypeVar("_Answer")


class Unhurried:
    """Implements `activities.ports.Pace` where nobody counts: the retry policy's pauses are fine."""

    async def pause(self, appid: str, standing: Standing) -> timedelta | None:
        """See `activities.ports.Pace.pause`."""
        return None


async def asked(question: Awaitable[AuthorityReport]) -> AuthorityReport:
    """The authority's report; one of `STOPPED`, with what operations have to do, where it takes no
    call until somebody acts. Raises `not_yet` where it cannot be asked now."""
    try:
        return await question
    except NotNow as error:
        raise _not_now(error) from None
    except MustBeMended as error:
        activity.logger.warning("the authority takes no call: %s", error)
        return AuthorityReport(standing=Standing.STOPPED, note=str(error), for_all=error.for_all)


async def answered(question: Awaitable[_Answer]) -> _Answer:
    """The authority's answer of another kind than a report. Raises `not_yet` where it cannot be asked
    now, and where it takes no call until somebody acts."""
    try:
        return await question
    except NotNow as error:
        raise _not_now(error) from None
    except MustBeMended as error:
        activity.logger.warning("the authority takes no call: %s", error)
        raise not_yet(str(error), "MustBeMended", after=MENDING) from None


def _not_now(error: NotNow) -> ApplicationError:
    # Being benign, it would else be seen in Temporal alone.
    activity.logger.info("the authority cannot be asked now: %s", error)
    return not_yet(str(error), "NotNow", after=error.after)


async def still(appid: str, report: AuthorityReport, pace: Pace) -> ApplicationError:
    """Not yet: nothing that the filing does not know. To be raised, so that it is asked again: by the
    retry policy, or later where the pace demands it; at the policy's longest pause where it waits for
    somebody to act."""
    what = f"the authority is still at {report.standing.value}"
    policy = activity.info().retry_policy
    own = longest = timedelta(0)
    if policy is not None and policy.maximum_interval is not None:
        longest = policy.maximum_interval
        # An exponent beyond this has long passed any longest pause, and overflows.
        doublings = min(activity.info().attempt - 1, 30)
        own = min(policy.initial_interval * policy.backoff_coefficient**doublings, longest)
    async with alive(*activity.info().heartbeat_details):  # it may have to ask for the quota
        least = await pace.pause(appid, report.standing)
    if report.standing is Standing.STOPPED:
        least = max(longest, least or longest)
    return not_yet(what, after=least if least is not None and least > own else None)
