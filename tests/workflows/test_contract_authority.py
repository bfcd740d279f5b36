"""How long the authority is waited for: until it has taken the filing to the bureau, or back."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.authority import AuthorityActivities, Submission, Watched
from filing.application import Application
from filing.authority import AuthorityReport, Standing, WithdrawalAnswer
from tests.filing.process_play import application

NOT_TAKEN = {Standing.ABSENT, Standing.CHECKING, Standing.UNKNOWN}


class Says:
    """An authority that says one thing."""

    def __init__(self, standing: Standing) -> None:
        self._report = AuthorityReport(standing=standing)

    async def submit(self, application: Application, round: int, *, ours: bool) -> AuthorityReport:
        return self._report

    async def status(self, appid: str) -> AuthorityReport:
        return self._report

    async def withdraw(self, appid: str) -> WithdrawalAnswer:
        raise AssertionError("nobody asked for that")


@pytest.mark.parametrize("standing", list(Standing))
async def test_while_the_authority_checks_the_filing_it_has_not_taken_it_to_the_bureau(
    standing: Standing,
) -> None:
    submission = Submission(application=application(), round=1)
    handing = ActivityEnvironment().run(AuthorityActivities(Says(standing)).hand_over, submission)
    if standing in NOT_TAKEN:
        with pytest.raises(ApplicationError) as caught:
            await handing
        assert not caught.value.non_retryable  # it is asked again, without an event
    else:
        assert (await handing).standing is standing


@pytest.mark.parametrize("standing", list(Standing))
async def test_a_watch_ends_when_the_authority_says_something_else(standing: Standing) -> None:
    for known in Standing:
        asked = AuthorityActivities(Says(standing)).watch_authority
        watching = ActivityEnvironment().run(asked, Watched(appid="wx0", known=known))
        if standing in (known, Standing.UNKNOWN):
            with pytest.raises(ApplicationError):
                await watching
        else:
            assert (await watching).standing is standing
