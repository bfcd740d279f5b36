"""Channels that refuse, hang, drop or are away: a filing goes on, and it is known who was told."""

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.mail import MailCatcher
from filing.notices import NoticePurpose
from filing.vocabulary import Status
from gateways.registry import NoticeRecord
from tests.own_stack import OwnStack, own_stack, until
from tests.playing import Filing, beginning, eventually
from tests.workflows.test_whole_filings import number_for

SOCKET_SECONDS = 2
"""How long the worker waits for a mail server that hangs; 15 where the URL does not say."""
RETURN = {
    "outcome": "return",
    "reviewer": "li.na",
    "reasons": [{"field": "subject.name", "reason": "不符"}],
}
APPROVE = {"outcome": "approve", "reviewer": "li.na"}
PURPOSES = ["returned", "submitted", "sms_due", "approved"]


class MailServer:
    """Takes mail, or does something else, by the recipient's name: `refuse`, `hang`, `drop`.

    `hold`: while set, what was taken is not answered.
    """

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[str] = []
        self.hold: asyncio.Event | None = None
        self.holding = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        behaviour = envelope.rcpt_tos[0].partition("@")[0]
        if behaviour == "refuse":
            return "550 no such mailbox"
        if behaviour == "hang":
            await asyncio.sleep(60)
        assert isinstance(envelope.content, bytes)
        self.taken += re.findall(r"^X-Beian-Notice: (\S+)", envelope.content.decode(), re.MULTILINE)
        if behaviour == "drop":
            assert server.transport is not None
            server.transport.close()
        if self.hold is not None:
            self.holding.set()
            await self.hold.wait()
        return "250 OK"

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=loop),
            "127.0.0.1",
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def leave(self) -> None:
        assert self._server is not None
        self._server.close()

    def times(self, key: str) -> int:
        return self.taken.count(key)


@pytest.fixture(scope="module")
async def mail() -> AsyncIterator[MailServer]:
    mail = MailServer()
    await mail.listen()
    yield mail
    await mail.leave()


@pytest.fixture(scope="module")
async def own(
    tmp_path_factory: pytest.TempPathFactory, mail: MailServer
) -> AsyncIterator[OwnStack]:
    """Applicants are told by our mail server; operations by the stack's mail catcher."""
    url = f"mailto://127.0.0.1:{mail.port}?from=beian@beian.test&mode=insecure&to={{email}}"
    folder = tmp_path_factory.mktemp("notices")
    async with own_stack(folder, notify_applicant=f"{url}&cto={SOCKET_SECONDS}") as own:
        yield own


async def begin(own: OwnStack, behaviour: str) -> Filing:
    """A filing whose applicant is reached by such a channel."""
    contact = own.example.contact.model_copy(update={"email": f"{behaviour}@applicant.test"})
    example = own.example.model_copy(update={"contact": contact})
    async with beginning(own.stack, own.services, example) as begin:
        return await begin()


async def through_all_stages(filing: Filing) -> None:
    """Returned, resubmitted, approved; in no time at all."""
    player = filing.player
    await until(filing, Status.PLATFORM_REVIEW)
    await player.signal("platform_decision", RETURN)
    await until(filing, Status.CORRECTION)
    await player.signal("resubmit", {"by": "applicant", "reason": "重新提交"})
    await until(filing, Status.PLATFORM_REVIEW, 2)
    await player.signal("platform_decision", APPROVE)
    await until(filing, Status.SUBMISSION, 2)
    received = {"source": "test", "event_id": "e-1", "kind": "received"}
    await player.signal("authority_event", received)
    await until(filing, Status.SMS_VERIFICATION, 2)
    for person in ("subject_principal", "mini_program_principal"):
        await player.signal("sms_verified", {"person": person, "source": "test"})
    await until(filing, Status.BUREAU_REVIEW, 2)
    decision = {"outcome": "approve", "reviewer": "苏通管局", "filing_number": number_for(filing)}
    await player.signal("bureau_decision", decision)
    await until(filing, Status.APPROVED, 2)


async def ledger(
    filing: Filing, holds: Callable[[dict[str, NoticeRecord]], bool], patience: float = 30
) -> dict[str, NoticeRecord]:
    """The applicant's notices by purpose, as soon as they are as they should be."""
    end = time.monotonic() + patience
    while True:
        notices = await filing.services.registry.notices(filing.uid)
        by_purpose = {n.purpose: n for n in notices if n.audience == "applicant"}
        if holds(by_purpose):
            return by_purpose
        assert time.monotonic() < end, by_purpose
        await asyncio.sleep(0.05)


def key(filing: Filing, notice: NoticeRecord) -> str:
    return f"{filing.uid}.{notice.sequence}.{notice.purpose}.{notice.audience}"


def told_operations(catcher: MailCatcher, filing: Filing) -> list[str]:
    """Names of the notices of trouble that operations got by mail."""
    mails = [path.read_text(encoding="utf-8") for path in catcher.messages()]
    names = [re.findall(r"^X-Beian-Notice: (\S+)", mail, re.MULTILINE) for mail in mails]
    return [name for found in names for name in found if filing.uid in name and "trouble" in name]


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [("refuse", "failed"), ("drop", "possibly_doubled"), ("hang", "possibly_doubled")],
)
async def test_a_failing_channel_holds_nothing_up_and_is_handed_to_operations(
    own: OwnStack, mail: MailServer, behaviour: str, state: str
) -> None:
    filing = await begin(own, behaviour)
    await through_all_stages(filing)
    await ledger(filing, lambda found: list(found) == PURPOSES)
    # It has ended; the last hour is for its notices, also for those that had begun before.
    await filing.player.pass_time(minutes=35)
    assert (await filing.status()).status is Status.APPROVED
    assert told_operations(own.stack.mail, filing) == []
    await filing.player.pass_time(minutes=26)
    answer = await asyncio.wait_for(filing.result(), 30)
    assert answer.status is Status.APPROVED
    notices = await ledger(filing, lambda found: list(found) == PURPOSES)
    assert {n.state for n in notices.values()} == {state}
    assert all(n.sent_at is None for n in notices.values())
    # Often where nothing arrives; seldom where each repetition may be one more copy.
    attempts = [n.attempts for n in notices.values()]
    assert min(attempts) >= (8 if behaviour == "refuse" else 2)
    assert max(attempts) <= (20 if behaviour == "refuse" else 5)
    for notice in notices.values():
        assert mail.times(key(filing, notice)) == (notice.attempts if behaviour == "drop" else 0)
    events = await filing.services.registry.events(filing.uid)
    given_up = [e for e in events if e.by == "notices"]
    assert sorted(e.detail["notice"] for e in given_up) == sorted(PURPOSES)
    assert len(told_operations(own.stack.mail, filing)) == len(PURPOSES)
    # In operations' ledger, and in the log without gaps.
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))


async def test_nobody_answering_is_tried_again_until_somebody_does(
    own: OwnStack, mail: MailServer
) -> None:
    filing = await begin(own, "takes")
    await filing.player.until(Status.PLATFORM_REVIEW)
    await mail.leave()
    try:
        await filing.player.signal("platform_decision", RETURN)
        await filing.player.until(Status.CORRECTION)
        await ledger(
            filing, lambda found: "returned" in found and found["returned"].state == "failed"
        )
        await filing.player.pass_time(minutes=5)
    finally:
        await mail.listen()
    await filing.player.pass_time(minutes=20)
    notices = await ledger(filing, lambda found: found["returned"].state == "sent")
    assert notices["returned"].attempts > 3
    assert mail.times(key(filing, notices["returned"])) == 1
    assert told_operations(own.stack.mail, filing) == []


async def test_an_open_filings_notice_is_given_up_after_a_day(own: OwnStack) -> None:
    filing = await begin(own, "drop")
    await filing.player.until(Status.PLATFORM_REVIEW)
    await filing.player.signal("platform_decision", RETURN)
    await filing.player.until(Status.CORRECTION)
    await ledger(filing, lambda found: "returned" in found)
    await filing.player.pass_time(hours=18)
    assert told_operations(own.stack.mail, filing) == []
    await filing.player.pass_time(hours=7)
    await eventually(filing, lambda a: a.status is Status.CORRECTION)
    events = await filing.services.registry.events(filing.uid)
    [given_up] = [e for e in events if e.by == "notices"]
    assert given_up.detail == {"notice": NoticePurpose.RETURNED.value, "to": "applicant"}
    began = next(e for e in events if e.status is Status.CORRECTION)
    assert timedelta(hours=18) < given_up.at - began.at <= timedelta(hours=24, minutes=1)
    [name] = told_operations(own.stack.mail, filing)
    assert f"{given_up.sequence}.trouble" in name


async def test_a_crash_between_sending_and_recording_is_marked(
    own: OwnStack, mail: MailServer
) -> None:
    filing = await begin(own, "takes")
    await filing.player.until(Status.PLATFORM_REVIEW)
    mail.hold = asyncio.Event()
    mail.holding.clear()
    await filing.player.signal("platform_decision", RETURN)
    await asyncio.wait_for(mail.holding.wait(), 20)
    # The mail is there, and the worker dies before it hears so.
    await own.stack.worker.kill_worker()
    mail.hold.set()
    mail.hold = None
    await own.stack.worker.start_worker()
    notices = await ledger(filing, lambda found: found["returned"].sent_at is not None, patience=40)
    assert notices["returned"].state == "possibly_doubled"
    assert mail.times(key(filing, notices["returned"])) == notices["returned"].attempts == 2


async def test_kills_at_any_moment_double_no_notice_without_saying_so(
    own: OwnStack, mail: MailServer
) -> None:
    chance = random.Random(7)
    filings = [await begin(own, "takes") for _ in range(4)]
    playing = asyncio.gather(*(through_all_stages(filing) for filing in filings))
    kills = 0
    try:
        while not playing.done() and kills < 4:
            await asyncio.wait({playing}, timeout=chance.uniform(0.1, 0.6))
            await own.stack.worker.kill_worker()
            await own.stack.worker.start_worker()
            kills += 1
        await playing
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing
    assert kills >= 3
    for filing in filings:
        await asyncio.wait_for(filing.result(), 40)
        notices = await filing.services.registry.notices(filing.uid)
        assert [n.purpose for n in notices] == PURPOSES
        for notice in notices:
            assert notice.sent_at is not None
            arrived = mail.times(key(filing, notice))
            if notice.state == "sent":
                assert arrived == 1, notice
            else:
                assert notice.state == "possibly_doubled"
                assert 1 <= arrived <= notice.attempts
        conflicts = Counter(
            e.purpose.partition("-")[0] for e in await filing.services.registry.events(filing.uid)
        )["conflict"]
        assert conflicts == 0
