"""What stops every filing alike is told once, and never by nobody."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities.ports import AnotherTells
from filing.notices import SAME_CAUSE_FOR, Audience, Delivery, Notice, NoticePurpose
from gateways.ledger import NoticeLedger
from gateways.registry import Registry
from gateways.shared_causes import AGAIN_AFTER, TOLD_WITHIN, SharedCauses

MINUTE = timedelta(minutes=1)


@pytest.fixture
def stopped(notice: Notice) -> list[Notice]:
    """Notices of twenty filings about one cause."""
    told = {
        "purpose": NoticePurpose.TROUBLE,
        "audience": Audience.OPERATIONS,
        "cause": f"the secret of {notice.uid} is wrong",
    }
    return [notice.model_copy(update={**told, "uid": f"{notice.uid}-{n}"}) for n in range(20)]


async def begun(
    ledger: NoticeLedger, notice: Notice, since: datetime | None = None
) -> Delivery | str | None:
    try:
        return await ledger.begin(notice, since)
    except AnotherTells:
        return "waits"


async def state(registry: Registry, notice: Notice) -> str | None:
    """As it is on record."""
    found = await registry.notices(notice.uid)
    return found[0].state if found else None


async def long_ago(registry: Registry, notice: Notice, column: str, ago: timedelta) -> None:
    assert column in ("claimed_at", "sent_at")
    await registry.pool.execute(
        f"update shared_causes set {column} = {column} - $1::interval where cause = $2",
        ago,
        notice.cause,
    )


async def test_one_tells_and_the_others_wait_until_it_has(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    came = await asyncio.gather(*(begun(ledger, one) for one in stopped))
    assert sorted(came, key=str) == [None] + ["waits"] * 19
    teller = stopped[came.index(None)]
    others = [one for one in stopped if one is not teller]
    assert {await state(registry, one) for one in others} == {None}
    # It is tried again after its worker was killed.
    assert await begun(ledger, teller) is Delivery.POSSIBLY_DOUBLED
    await ledger.end(teller, Delivery.SENT)
    assert await begun(ledger, teller) is Delivery.ALREADY_SENT
    assert await asyncio.gather(*(begun(ledger, one) for one in others)) == [Delivery.SHARED] * 19
    await ledger.end(others[0], Delivery.SHARED)
    assert {await state(registry, one) for one in others} == {"shared"}
    another_cause = others[0].model_copy(update={"sequence": 9, "cause": f"{teller.cause}, too"})
    assert await begun(ledger, another_cause) is None


@pytest.mark.parametrize("failing", ["refused", "no channel"])
async def test_where_the_first_fails_another_that_waited_tells(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice], failing: str
) -> None:
    first, second, third = stopped[:3]
    assert [await begun(ledger, one) for one in (first, second)] == [None, "waits"]
    if failing == "refused":
        await ledger.failed(first, "mailto: failure")
    else:
        await ledger.end(first, Delivery.NO_CHANNEL)
    assert [await begun(ledger, one) for one in (second, third, first)] == [None, "waits", "waits"]
    await ledger.end(second, Delivery.SENT)
    assert [await begun(ledger, one) for one in (third, first)] == [Delivery.SHARED] * 2
    assert [await state(registry, one) for one in (first, second, third)] == [
        "shared",
        "sent",
        "shared",
    ]


async def test_where_the_first_never_comes_back_another_tells(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    first, second = stopped[:2]
    assert [await begun(ledger, one) for one in (first, second)] == [None, "waits"]
    await long_ago(registry, first, "claimed_at", TOLD_WITHIN - MINUTE)
    assert await begun(ledger, second) == "waits"
    await long_ago(registry, first, "claimed_at", MINUTE)
    came = await asyncio.gather(*(begun(ledger, one) for one in stopped[1:]))
    assert sorted(came, key=str) == [None] + ["waits"] * 18
    await ledger.end(stopped[1 + came.index(None)], Delivery.SENT)
    # It was only slow: that it sent, too, is not known.
    assert await begun(ledger, first) is Delivery.SHARED
    assert await state(registry, first) == "possibly_doubled"


async def test_a_cause_is_told_again_after_a_day(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    first, second = stopped[:2]
    await begun(ledger, first)
    await ledger.end(first, Delivery.SENT)
    await long_ago(registry, first, "sent_at", SAME_CAUSE_FOR - MINUTE)
    assert await begun(ledger, second) is Delivery.SHARED
    await long_ago(registry, first, "sent_at", MINUTE)
    assert await begun(ledger, second) is None
    await ledger.end(second, Delivery.SENT)
    assert await begun(ledger, stopped[2]) is Delivery.SHARED
    # A notice that was sent tells nothing again, whatever became of the cause since.
    assert await begun(ledger, first) is Delivery.ALREADY_SENT


async def test_a_stop_after_one_that_was_over_is_told_anew_though_not_at_once(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    first, late, new = stopped[:3]
    before = datetime.now(UTC) - MINUTE
    await begun(ledger, first, before)
    await ledger.end(first, Delivery.SENT)
    await SharedCauses(registry).over()
    later = datetime.now(UTC) + MINUTE
    assert await begun(ledger, new, later) == "waits"
    await long_ago(registry, first, "sent_at", AGAIN_AFTER)
    # Of the stop that is over there is nothing to tell any more.
    assert await begun(ledger, late, before) is Delivery.SHARED
    assert await begun(ledger, new, later) is None


async def test_a_stop_that_comes_before_the_last_one_was_told_is_told_with_it(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    first, late, new = stopped[:3]
    before = datetime.now(UTC) - MINUTE
    await begun(ledger, first, before)
    await SharedCauses(registry).over()
    since = await registry.pool.fetchval("select clock_timestamp()")
    assert await begun(ledger, late, before) is Delivery.SHARED
    assert await begun(ledger, new, since) == "waits"
    assert await begun(ledger, first, before) is Delivery.POSSIBLY_DOUBLED
    await ledger.end(first, Delivery.SENT)
    assert await begun(ledger, new, since) is Delivery.SHARED


async def test_what_may_have_been_told_is_not_told_by_another_before_it_is_tried_again(
    registry: Registry, ledger: NoticeLedger, stopped: list[Notice]
) -> None:
    first, second = stopped[:2]
    wait = timedelta(hours=6)
    await begun(ledger, first)
    await ledger.doubtful(first, wait)
    await long_ago(registry, first, "claimed_at", wait)
    assert await begun(ledger, second) == "waits"
    assert await begun(ledger, first) is Delivery.POSSIBLY_DOUBLED
    await long_ago(registry, first, "claimed_at", TOLD_WITHIN)
    assert await begun(ledger, second) is None
