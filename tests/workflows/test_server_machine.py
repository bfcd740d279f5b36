"""Filings side by side on the real server, to which anything happens while workers die: what holds
of each afterwards. The pure process is tried far more often, in `tests/filing`."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from embedded.stack import Stack
from filing.process.stages import STAGES
from filing.view import StatusAnswer
from filing.vocabulary import Status
from gateways.registry import RecordedEntry
from gateways.temporal import data_converter
from operations.filings import show
from settings import Settings
from tests.own_stack import OwnStack, own_stack
from tests.playing import Filing
from tests.workflows.test_messages import json_payload, raw_signal
from tests.workflows.test_whole_filings import number_for
from worker import workflow_runner
from workflows.filing import FilingWorkflow

SEED = 20_261_124
FILINGS = 6
STEPS = 14
KILLS = 3
PATIENCE = 60.0
TOLD = ("transition", "fact", "overdue", "hold", "resume")
"""Purposes of entries that are on the timeline too."""
NO_NEWS = "与已知情况一致"
REASONS = [{"field": "mini_program.remark", "reason": "过于笼统"}]
NONSENSE: list[tuple[str, bytes]] = [
    ("platform_decision", b'{"outcome": "maybe"}'),
    ("bureau_decision", b'{"outcome"'),
    ("sms_verified", b"null"),
    ("authority_event", b"[]"),
    ("approve", b"{}"),
]


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnStack]:
    async with own_stack(tmp_path_factory.mktemp("machine")) as own:
        yield own


class Life:
    """One filing, and what chance does to it. Every message names its sender, so that what became
    of it can be found on record."""

    def __init__(self, filing: Filing, seed: int) -> None:
        self.filing = filing
        self.chance = random.Random(seed)
        self.senders: list[str] = []
        self.nonsense = 0
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.seen: list[StatusAnswer] = []
        self.closed = False

    async def live(self) -> None:
        for _ in range(STEPS):
            answer = await self.look()
            if self.closed:
                return
            happens = self.chance.choices(
                [
                    self.send_what_is_waited_for,
                    self.send_anything,
                    self.send_nonsense,
                    self.send_again,
                    self.let_time_pass,
                ],
                weights=[10, 4, 2, 3, 4],
            )
            await happens[0](answer)

    async def look(self) -> StatusAnswer:
        """Where it stands, as soon as a worker says so; what was sent before is done by then."""
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(RPCError, TimeoutError):
                raw = await asyncio.wait_for(self.filing.handle.query("status"), 5)
                if raw is not None:
                    break
            assert time.monotonic() < end, "nobody answers"
            await asyncio.sleep(0.1)
        answer = StatusAnswer.model_validate(raw)
        self.seen.append(answer)
        return answer

    async def send(self, name: str, payload: dict[str, Any]) -> None:
        try:
            await self.filing.handle.signal(name, payload)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            self.closed = True
            return
        self.sent.append((name, payload))
        sender = payload.get("reviewer") or payload.get("source") or payload.get("by")
        self.senders.append(str(sender))

    async def send_what_is_waited_for(self, answer: StatusAnswer) -> None:
        who = f"right-{len(self.sent)}"
        match answer.status:
            case Status.PLATFORM_REVIEW:
                await self.send("platform_decision", self.decision(who, answer.round))
            case Status.CORRECTION:
                await self.send("resubmit", {"by": who, "reason": "重新提交"})
            case Status.SUBMISSION:
                event = {"source": who, "event_id": who, "kind": "received"}
                await self.send("authority_event", event)
            case Status.SMS_VERIFICATION:
                for person in ("subject_principal", "mini_program_principal"):
                    await self.send("sms_verified", {"person": person, "source": who})
            case Status.BUREAU_REVIEW:
                decision = self.decision(who, answer.round, bureau=True)
                await self.send("bureau_decision", decision)
            case _:
                await self.send("withdraw", {"by": who, "reason": "已结束"})

    def decision(self, who: str, round_: int, *, bureau: bool = False) -> dict[str, Any]:
        outcome = self.chance.choice(["approve", "approve", "return", "reject"])
        decision: dict[str, Any] = {"outcome": outcome, "reviewer": who, "round": round_}
        if outcome != "approve":
            decision["reasons"] = REASONS
        elif bureau:
            decision["filing_number"] = number_for(self.filing)
        return {**decision, "decision_id": who}

    async def send_anything(self, answer: StatusAnswer) -> None:
        who = f"any-{len(self.sent)}"
        name, payload = self.chance.choice(
            [
                ("platform_decision", self.decision(who, self.chance.randint(1, 3))),
                ("bureau_decision", self.decision(who, self.chance.randint(1, 3))),
                ("sms_verified", {"person": "subject_principal", "source": who}),
                ("authority_event", {"source": who, "event_id": who, "kind": "sms"}),
                ("hold", {"by": who, "reason": "系统维护"}),
                ("resume", {"by": who, "reason": "恢复"}),
                ("resume", {"by": who, "reason": "恢复"}),
                ("resubmit", {"by": who, "reason": "重新提交"}),
            ]
        )
        await self.send(name, payload)

    async def send_nonsense(self, answer: StatusAnswer) -> None:
        name, data = self.chance.choice(NONSENSE)
        try:
            await raw_signal(self.filing, name, [json_payload(data)])
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            self.closed = True
        else:
            self.nonsense += 1

    async def send_again(self, answer: StatusAnswer) -> None:
        if self.sent:
            await self.send(*self.chance.choice(self.sent))

    async def let_time_pass(self, answer: StatusAnswer) -> None:
        if answer.status.final:
            return
        with contextlib.suppress(RPCError):  # it ended on the way
            await self.filing.player.pass_time(hours=self.chance.choice([1, 13, 50, 24 * 9]))


async def workers_die(stack: Stack, lives: asyncio.Future[Any]) -> int:
    """Kill the worker now and then, at any moment."""
    chance = random.Random(SEED)
    for kill in range(KILLS):
        done, _ = await asyncio.wait({lives}, timeout=chance.uniform(1, 3))
        if done:
            return kill
        await stack.worker.kill_worker()
        await asyncio.sleep(chance.uniform(0, 0.5))
        await stack.worker.start_worker()
    return KILLS


async def test_whatever_happens_each_filing_stays_one_story(own: OwnStack) -> None:
    lives = [Life(await own.begin(), SEED + n) for n in range(FILINGS)]
    living = asyncio.gather(*(life.live() for life in lives))
    try:
        kills = await workers_die(own.stack, living)
        await living
    finally:
        living.cancel()
    assert kills == KILLS
    for life in lives:
        await assert_one_story(life)
    ends = {life.seen[-1].status for life in lives}
    assert len(ends) > 1, ends
    assert any(status.final for status in ends)


async def assert_one_story(life: Life) -> None:
    last = await life.look()
    assert_statuses(life.seen)
    shown = await show(life.filing.uid, life.filing.services)
    assert shown.answer.model_dump(mode="json") == last.model_dump(mode="json")
    # What a lost task had told in another order is there too, and marked.
    events = tuple(e for e in shown.events if not e.superseded)
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))
    told = [e for e in events if e.purpose in TOLD and not e.note.startswith(NO_NEWS)]
    assert [(e.at, e.status, e.by, e.note) for e in told] == [
        (t.at, t.status, t.by, t.note) for t in last.timeline
    ]
    assert_every_message_on_record(life, events, last)
    history = await life.filing.handle.fetch_history()
    replayer = Replayer(
        workflows=[FilingWorkflow],
        data_converter=data_converter(),
        workflow_runner=workflow_runner(Settings()),
    )
    await replayer.replay_workflow(history)


def assert_statuses(seen: list[StatusAnswer]) -> None:
    """None outside of the table, none after a final one, and nothing told is ever untold."""
    for earlier, later in itertools.pairwise(seen):
        assert later.status.final or later.status in STAGES
        assert story(later)[: len(earlier.timeline)] == story(earlier)
        assert later.round >= earlier.round
        assert later.refused_count >= earlier.refused_count
        if earlier.status.final:
            kept = ("status", "round", "filing_number", "reasons")
            assert story(earlier) == story(later)
            assert all(getattr(earlier, name) == getattr(later, name) for name in kept)


def story(answer: StatusAnswer) -> list[tuple[Status, str, str]]:
    """The timeline without its instants: one that a lost task had told is settled by the record."""
    return [(entry.status, entry.by, entry.note) for entry in answer.timeline]


def assert_every_message_on_record(
    life: Life, events: tuple[RecordedEntry, ...], last: StatusAnswer
) -> None:
    by = {event.by for event in events}
    assert not [sender for sender in life.senders if sender not in by]
    refusals = [event for event in events if event.purpose == "refusal"]
    assert last.refused_count == len(refusals)
    nameless = [event for event in refusals if event.by == "?"]
    assert len(nameless) == life.nonsense
