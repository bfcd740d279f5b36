"""How long the authority is waited for: until it has taken the filing to the bureau, or back, or
something has to be done first."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.authority import AuthorityActivities, Submission, Watched
from activities.ports import OrderInTheWay
from filing.application import Application
from filing.authority import AuthorityReport, FaceCheck, Known, Standing, WithdrawalAnswer
from filing.vocabulary import Kind
from tests.filing.process_play import application

NOT_TAKEN = {Standing.CHECKING, Standing.UNKNOWN}
FACE = FaceCheck(task_id="one", expires_at=datetime(2026, 11, 25, tzinfo=UTC))


class Says:
    """An authority that says one thing."""

    def __init__(self, report: AuthorityReport, *, in_the_way: bool = False) -> None:
        self._report = report
        self._in_the_way = in_the_way

    async def submit(self, application: Application, uid: str, round: int) -> AuthorityReport:
        if self._in_the_way:
            raise OrderInTheWay
        return self._report

    async def status(self, appid: str) -> AuthorityReport:
        return self._report

    async def withdraw(self, appid: str, uid: str | None) -> WithdrawalAnswer:
        raise AssertionError("nobody asked for that")


async def hand_over(
    says: Says, known: Known | None = None, kind: Kind = Kind.NEW
) -> AuthorityReport:
    submission = Submission(
        uid="run-1",
        application=application().model_copy(update={"kind": kind}),
        round=1,
        known=known or Known(),
    )
    report = await ActivityEnvironment().run(AuthorityActivities(says).hand_over, submission)
    assert isinstance(report, AuthorityReport)
    return report


def report(standing: Standing, **more: object) -> AuthorityReport:
    return AuthorityReport.model_validate({"standing": standing} | more)


@pytest.mark.parametrize("standing", list(Standing))
async def test_while_the_authority_checks_the_filing_it_has_not_taken_it_to_the_bureau(
    standing: Standing,
) -> None:
    handing = hand_over(Says(report(standing)))
    if standing in NOT_TAKEN:
        with pytest.raises(ApplicationError) as caught:
            await handing
        assert not caught.value.non_retryable  # it is asked again, without an event
    else:
        assert (await handing).standing is standing


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (Known(standing=Standing.ABSENT), report(Standing.FACE_CHECK, face_check=FACE)),
        (
            Known(standing=Standing.FACE_CHECK, face_check="zero"),
            report(Standing.FACE_CHECK, face_check=FACE),
        ),
        (Known(standing=Standing.FACE_CHECK, face_check="one"), report(Standing.CHECKING)),
        (Known(standing=Standing.STOPPED), report(Standing.CHECKING)),
        (Known(standing=Standing.ABSENT), report(Standing.ABSENT, available=False)),
        (Known(standing=Standing.ABSENT, available=False), report(Standing.CHECKING)),
        (Known(standing=Standing.ABSENT), report(Standing.CHECKING, note="pay at …")),
        (Known(standing=Standing.STOPPED, note="one"), report(Standing.STOPPED, note="two")),
        # It was there, and is not any more.
        (Known(standing=Standing.ABSENT), report(Standing.ABSENT)),
    ],
)
async def test_what_has_to_be_done_first_is_told(known: Known, found: AuthorityReport) -> None:
    assert await hand_over(Says(found), known) == found


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (
            Known(standing=Standing.FACE_CHECK, face_check="one"),
            report(Standing.FACE_CHECK, face_check=FACE),
        ),
        (
            Known(standing=Standing.ABSENT, available=False),
            report(Standing.ABSENT, available=False),
        ),
        (Known(standing=Standing.STOPPED, note="…"), report(Standing.STOPPED, note="…")),
        (Known(standing=Standing.ABSENT), report(Standing.CHECKING)),
        (
            Known(standing=Standing.CHECKING, note="pay at …"),
            report(Standing.CHECKING, note="pay at …"),
        ),
    ],
)
async def test_what_is_known_is_not_told_again(known: Known, found: AuthorityReport) -> None:
    with pytest.raises(ApplicationError):
        await hand_over(Says(found), known)


async def test_what_is_still_filed_is_not_cancelled_yet() -> None:
    with pytest.raises(ApplicationError):
        await hand_over(Says(report(Standing.APPROVED)), kind=Kind.CANCEL_MINI_PROGRAM)
    gone = report(Standing.ABSENT, available=False)
    known = Known(standing=Standing.ABSENT, available=False)
    assert await hand_over(Says(gone), known, kind=Kind.CANCEL_MINI_PROGRAM) == gone


async def test_an_order_that_is_another_rounds_is_waited_for() -> None:
    with pytest.raises(ApplicationError, match="another round or filing"):
        await hand_over(Says(report(Standing.CHECKING), in_the_way=True))


@pytest.mark.parametrize("standing", list(Standing))
async def test_a_watch_ends_when_the_authority_says_something_else(standing: Standing) -> None:
    for known in Standing:
        asked = AuthorityActivities(Says(report(standing))).watch_authority
        watching = ActivityEnvironment().run(
            asked, Watched(appid="wx0", known=Known(standing=known))
        )
        if standing in (known, Standing.UNKNOWN):
            with pytest.raises(ApplicationError):
                await watching
        else:
            assert (await watching).standing is standing


async def test_an_attempt_that_is_cancelled_is_finished() -> None:
    environment = ActivityEnvironment()

    class Slow(Says):
        async def submit(self, application: Application, uid: str, round: int) -> AuthorityReport:
            environment.cancel()
            await asyncio.sleep(0)
            return await super().submit(application, uid, round)

    asking = AuthorityActivities(Slow(report(Standing.SMS_WAITING)))
    submission = Submission(uid="run-1", application=application(), round=1)
    found = await environment.run(asking.hand_over, submission)
    assert found.standing is Standing.SMS_WAITING


class Counts:
    """Implements `Stops`: counts what is over."""

    def __init__(self) -> None:
        self.over_times = 0

    async def over(self) -> None:
        self.over_times += 1


@pytest.mark.parametrize("known", [Standing.STOPPED, Standing.CHECKING, None])
@pytest.mark.parametrize("found", [Standing.STOPPED, Standing.CHECKING, Standing.UNKNOWN])
async def test_who_was_stopped_and_is_answered_says_that_the_stop_is_over(
    known: Standing | None, found: Standing
) -> None:
    stops = Counts()
    asking = AuthorityActivities(Says(report(found)), stops=stops)
    told = Known(standing=known)
    watched = Watched(appid="wx0", known=told)
    submission = Submission(uid="run-1", application=application(), round=1, known=told)
    with contextlib.suppress(ApplicationError):  # nothing new: it is asked again
        await ActivityEnvironment().run(asking.watch_authority, watched)
    with contextlib.suppress(ApplicationError):
        await ActivityEnvironment().run(asking.hand_over, submission)
    assert stops.over_times == (2 if (known, found) == (Standing.STOPPED, Standing.CHECKING) else 0)
