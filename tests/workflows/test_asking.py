"""What follows where the authority gives no answer, the same again, or one that is to be acted on."""

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from activities.asking import MENDING, Unhurried, answered, asked, still
from activities.ports import MustBeMended, NotNow
from filing.authority import AuthorityReport, Standing

APPID = "wx1a2b3c4d5e6f7a8b"
MINUTE = timedelta(minutes=1)


class Hurried:
    def __init__(self, least: timedelta) -> None:
        self._least = least

    async def pause(self, appid: str, standing: Standing) -> timedelta | None:
        return self._least


async def raising(error: Exception) -> AuthorityReport:
    raise error


def environment(attempt: int = 1, longest: timedelta = MINUTE * 60) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = ActivityEnvironment.default_info()
    policy = RetryPolicy(initial_interval=MINUTE, maximum_interval=longest)
    environment.info = type(environment.info)(
        **{**environment.info.__dict__, "attempt": attempt, "retry_policy": policy}
    )
    return environment


@pytest.mark.parametrize("after", [None, timedelta(hours=3)])
async def test_not_now_is_tried_again_when_it_can_be(after: timedelta | None) -> None:
    error = NotNow("the day's quota is used up")
    error.after = after
    for how in (asked, answered):
        with pytest.raises(ApplicationError, match="quota") as caught:
            await environment().run(how, raising(error))
        assert caught.value.next_retry_delay == after
        assert not caught.value.non_retryable
        assert caught.value.category is ApplicationErrorCategory.BENIGN


async def test_what_must_be_mended_is_told_and_not_an_error() -> None:
    report = await environment().run(asked, raising(MustBeMended("set the secret")))
    assert (report.standing, report.note) == (Standing.STOPPED, "set the secret")
    assert not report.for_all
    for_all = MustBeMended("set the secret")
    for_all.for_all = True
    assert (await environment().run(asked, raising(for_all))).for_all


async def test_an_answer_of_another_kind_waits_until_it_is_mended() -> None:
    with pytest.raises(ApplicationError, match="secret") as caught:
        await environment().run(answered, raising(MustBeMended("set the secret")))
    assert caught.value.next_retry_delay == MENDING


@pytest.mark.parametrize(
    ("attempt", "least", "after"),
    [
        (1, MINUTE / 2, None),
        (1, MINUTE, None),
        (1, MINUTE * 10, MINUTE * 10),
        (4, MINUTE * 7, None),  # the policy is at 8 minutes
        (6, MINUTE * 59, MINUTE * 59),  # at 32
        (99, MINUTE * 59, None),
        (99, MINUTE * 61, MINUTE * 61),
    ],
)
async def test_the_slower_of_policy_and_pace_holds(
    attempt: int, least: timedelta, after: timedelta | None
) -> None:
    report = AuthorityReport(standing=Standing.BUREAU_REVIEW)
    error = await environment(attempt).run(still, APPID, report, Hurried(least))
    assert isinstance(error, ApplicationError)
    assert error.next_retry_delay == after


async def test_by_the_policy_alone_where_nobody_counts() -> None:
    report = AuthorityReport(standing=Standing.BUREAU_REVIEW)
    error = await environment().run(still, APPID, report, Unhurried())
    assert error.next_retry_delay is None


async def test_who_waits_for_somebody_to_act_asks_at_the_longest_pace() -> None:
    report = AuthorityReport(standing=Standing.STOPPED, note="set the secret")
    error = await environment().run(still, APPID, report, Unhurried())
    assert error.next_retry_delay == MINUTE * 60
