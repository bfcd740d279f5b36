"""How long the authority is waited for: until it has taken the filing to the bureau, or back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.authority import HANDED_OVER, AuthorityActivities, Submission, Watched
from activities.ports import Handing, OrderInTheWay
from filing.application import Application
from filing.authority import AuthorityReport, Known, Standing, WithdrawalAnswer
from gateways.wechat.authority import nothing
from tests.filing.process_play import application

NOT_TAKEN = {Standing.ABSENT, Standing.CHECKING, Standing.UNKNOWN}


class Says:
    """An authority that says one thing."""

    def __init__(self, standing: Standing, *, in_the_way: bool = False) -> None:
        self._report = AuthorityReport(standing=standing)
        self._in_the_way = in_the_way
        self.asked: list[str] = []

    async def submit(
        self,
        application: Application,
        round: int,
        *,
        ours: bool,
        applying: Callable[[], Awaitable[None]] = nothing,
    ) -> AuthorityReport:
        self.asked.append("ours" if ours else "new")
        if self._in_the_way and not ours:
            raise OrderInTheWay
        await applying()
        return self._report

    async def status(self, appid: str) -> AuthorityReport:
        self.asked.append("status")
        return self._report

    async def withdraw(self, appid: str) -> WithdrawalAnswer:
        raise AssertionError("nobody asked for that")


class Kept:
    """A record of submissions, as the registry keeps it."""

    def __init__(self, handing: Handing = Handing.NOT_BEGUN) -> None:
        self.now = handing

    async def handing(self, uid: str, round: int) -> Handing:
        return self.now

    async def begin(self, uid: str, round: int) -> None:
        self.now = Handing.BEGUN

    async def taken(self, uid: str, round: int) -> None:
        self.now = Handing.TAKEN


SUBMISSION = Submission(uid="run-1", application=application(), round=1)


async def hand_over(says: Says, kept: Kept, *known: str) -> AuthorityReport:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_details=known)
    report = await environment.run(AuthorityActivities(says, kept).hand_over, SUBMISSION)
    assert isinstance(report, AuthorityReport)
    return report


@pytest.mark.parametrize("standing", list(Standing))
async def test_while_the_authority_checks_the_filing_it_has_not_taken_it_to_the_bureau(
    standing: Standing,
) -> None:
    handing = hand_over(Says(standing), Kept())
    if standing in NOT_TAKEN:
        with pytest.raises(ApplicationError) as caught:
            await handing
        assert not caught.value.non_retryable  # it is asked again, without an event
    else:
        assert (await handing).standing is standing


@pytest.mark.parametrize("standing", list(Standing))
async def test_a_watch_ends_when_the_authority_says_something_else(standing: Standing) -> None:
    for known in Standing:
        asked = AuthorityActivities(Says(standing), Kept()).watch_authority
        watching = ActivityEnvironment().run(
            asked, Watched(appid="wx0", known=Known(standing=known))
        )
        if standing in (known, Standing.UNKNOWN):
            with pytest.raises(ApplicationError):
                await watching
        else:
            assert (await watching).standing is standing


@pytest.mark.parametrize(
    ("handing", "asked"),
    [(Handing.NOT_BEGUN, "new"), (Handing.BEGUN, "ours"), (Handing.TAKEN, "status")],
)
async def test_what_is_there_is_this_rounds_only_where_this_round_was_handed_over(
    handing: Handing, asked: str
) -> None:
    says, kept = Says(Standing.CHECKING, in_the_way=True), Kept(handing)
    with pytest.raises(ApplicationError):
        await hand_over(says, kept)  # the first attempt of a new run: no heartbeat tells anything
    assert says.asked == [asked]
    assert kept.now is (Handing.NOT_BEGUN if handing is Handing.NOT_BEGUN else Handing.TAKEN)


async def test_an_order_that_has_gone_is_told_and_one_that_is_not_shown_yet_is_waited_for() -> None:
    says, kept = Says(Standing.ABSENT), Kept()
    with pytest.raises(ApplicationError):
        await hand_over(says, kept)
    assert (await hand_over(says, kept, HANDED_OVER)).standing is Standing.ABSENT
    assert (await hand_over(says, Kept(Handing.TAKEN))).standing is Standing.ABSENT
    assert says.asked == ["new", "status", "status"]


async def test_an_attempt_that_is_cancelled_is_finished() -> None:
    environment = ActivityEnvironment()

    class Slow(Says):
        async def status(self, appid: str) -> AuthorityReport:
            environment.cancel()
            await asyncio.sleep(0)
            return await super().status(appid)

    asking = AuthorityActivities(Slow(Standing.SMS_WAITING), Kept(Handing.TAKEN))
    report = await environment.run(asking.hand_over, SUBMISSION)
    assert report.standing is Standing.SMS_WAITING
