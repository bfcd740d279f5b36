"""The notice ledger: a repeated activity sends once, and says where that is not certain."""

import asyncio

import pytest

from filing.notices import Audience, Delivery, Notice, NoticePurpose
from gateways.ledger import NoticeLedger
from gateways.registry import NoticeRecord, Registry


async def one(registry: Registry, uid: str) -> NoticeRecord:
    (record,) = await registry.notices(uid)
    return record


async def test_what_was_sent_is_not_sent_again(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    assert await ledger.begin(notice) is None
    assert (await one(registry, notice.uid)).state == "sending"
    await ledger.end(notice, Delivery.SENT)
    assert await ledger.begin(notice) is Delivery.ALREADY_SENT
    await ledger.end(notice, Delivery.ALREADY_SENT)
    await ledger.failed(notice, "another worker's late word")
    record = await one(registry, notice.uid)
    assert (record.state, record.attempts, record.reason) == ("sent", 1, None)
    assert record.sent_at is not None


async def test_a_crash_while_sending_is_said(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    await ledger.begin(notice)
    assert await ledger.begin(notice) is Delivery.POSSIBLY_DOUBLED
    record = await one(registry, notice.uid)
    assert (record.state, record.attempts, record.sent_at) == ("possibly_doubled", 2, None)
    # Crashed again, and refused: still nobody knows whether the first one had arrived.
    assert await ledger.begin(notice) is Delivery.POSSIBLY_DOUBLED
    await ledger.failed(notice, "mailto: failure")
    assert await ledger.begin(notice) is Delivery.POSSIBLY_DOUBLED
    await ledger.end(notice, Delivery.POSSIBLY_DOUBLED)
    assert await ledger.begin(notice) is Delivery.ALREADY_SENT
    record = await one(registry, notice.uid)
    assert (record.state, record.attempts) == ("possibly_doubled", 4)


async def test_sent_after_a_crash_stays_possibly_doubled(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    await ledger.begin(notice)
    await ledger.begin(notice)
    await ledger.end(notice, Delivery.SENT)
    assert (await one(registry, notice.uid)).state == "possibly_doubled"
    assert await ledger.begin(notice) is Delivery.ALREADY_SENT


async def test_after_a_certain_refusal_it_is_simply_tried_again(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    await ledger.begin(notice)
    await ledger.failed(notice, "mailto: failure")
    record = await one(registry, notice.uid)
    assert (record.state, record.reason) == ("failed", "mailto: failure")
    assert await ledger.begin(notice) is None
    await ledger.end(notice, Delivery.SENT)
    record = await one(registry, notice.uid)
    assert (record.state, record.attempts, record.reason) == ("sent", 2, None)


async def test_without_a_channel_it_is_sent_once_there_is_one(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    await ledger.begin(notice)
    await ledger.end(notice, Delivery.NO_CHANNEL)
    record = await one(registry, notice.uid)
    assert (record.state, record.sent_at) == ("no_channel", None)
    assert await ledger.begin(notice) is None


async def test_two_workers_at_once_do_not_both_believe_to_be_the_first(
    ledger: NoticeLedger, notice: Notice
) -> None:
    answers = await asyncio.gather(*(ledger.begin(notice) for _ in range(6)))
    assert answers.count(None) == 1
    assert answers.count(Delivery.POSSIBLY_DOUBLED) == 5


async def test_each_audience_purpose_and_sequence_is_a_notice_of_its_own(
    registry: Registry, ledger: NoticeLedger, notice: Notice
) -> None:
    others = (
        {"audience": Audience.OPERATIONS},
        {"purpose": NoticePurpose.REMINDER},
        {"sequence": 4},
    )
    assert await ledger.begin(notice) is None
    for other in others:
        assert await ledger.begin(notice.model_copy(update=other)) is None
    assert len(await registry.notices(notice.uid)) == 4


async def test_an_end_without_a_beginning_is_an_error(ledger: NoticeLedger, notice: Notice) -> None:
    with pytest.raises(LookupError, match="never begun"):
        await ledger.end(notice, Delivery.SENT)
    with pytest.raises(LookupError, match="never begun") as error:
        await ledger.failed(notice, "mailto: failure")
    assert "example.com" not in str(error.value)
