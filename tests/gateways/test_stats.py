"""The figures against histories counted by hand, and against a plain count of random ones."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filing.model import CHINA
from filing.process.facts import SMS_LAPSE
from filing.process.state import State
from filing.records import Entry, Told
from filing.stats import By, Figures, Stats, StatsQuery
from filing.vocabulary import FINAL, Party, Status
from gateways.calendar import packaged_arrangement
from gateways.registry import Registry
from gateways.stats import FilingStats
from tests.gateways.counted import Life, counted

NewState = Callable[..., State]
S = Status

START = datetime(2026, 9, 25, 9, 0, tzinfo=CHINA)
"""A Friday; 1 to 7 October are holidays, and 10 October is a worked Saturday."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=CHINA)
LAPSED = ((SMS_LAPSE.field, SMS_LAPSE.reason),)
BLURRED = (("materials.0", "照片不清晰"),)


@dataclass
class Writer:
    """Writes one filing as its workflow would, and remembers how it truly went."""

    registry: Registry
    new_state: NewState
    fields: dict[str, Any]
    uid: str = field(default_factory=lambda: secrets.token_hex(8))
    life: Life = field(default_factory=Life)
    at: datetime = START
    round: int = 1
    sequence: int = 0

    async def go(self, status: Status, *reasons: tuple[str, str], lost: bool = False) -> "Writer":
        """To another status; `lost`: a workflow task that died had told something else first."""
        if self.life.stays and status is S.PLATFORM_REVIEW:
            self.round += 1
        self.life.stays.append((status, self.round, self.at))
        if reasons:
            self.life.reasons.append(reasons)
        told = [{"field": name, "reason": text, "suggestion": None} for name, text in reasons]
        await self._write("transition", {"reasons": told} if told else {}, lost=lost)
        return self

    async def after(self, **length: float) -> "Writer":
        self.at += timedelta(**length)
        return self

    async def overdue(self) -> "Writer":
        self.life.overdue.add(len(self.life.stays) - 1)
        await self._write("overdue", {})
        return self

    async def conflict(self) -> "Writer":
        """Another run of the workflow (a reset) says something else of the last entry."""
        await self._tell(self._entry(S.REJECTED, "transition", {}), "reset", self.sequence)
        return self

    async def _write(self, purpose: str, detail: dict[str, Any], *, lost: bool = False) -> None:
        self.sequence += 1
        if lost:
            earlier = timedelta(seconds=30)
            for sequence, gone in ((0, S.BUREAU_REVIEW), (1, S.APPROVED)):
                entry = self._entry(
                    gone, "transition", {"reasons": [{"field": "x", "reason": "y"}]}
                )
                told = {"sequence": self.sequence + sequence, "at": self.at - earlier}
                await self._tell(entry.model_copy(update=told), "run", self.sequence + 1, earlier)
        await self._tell(self._entry(self.life.status, purpose, detail), "run", self.sequence)

    def _entry(self, status: Status, purpose: str, detail: dict[str, Any]) -> Entry:
        return Entry(
            sequence=self.sequence,
            purpose=purpose,
            at=self.at,
            status=status,
            round=self.round,
            by="test",
            note=purpose,
            detail=detail,
        )

    async def _tell(
        self, entry: Entry, run: str, last: int, before: timedelta = timedelta(0)
    ) -> None:
        state = self.new_state(
            uid=self.uid,
            status=self.life.status.value,
            round=self.round,
            sequence=last,
            started_at=self.life.stays[0][2],
            entered_at=self.life.stays[-1][2],
            overdue=len(self.life.stays) - 1 in self.life.overdue,
            **self.fields,
        )
        await self.registry.write(state, (entry,), Told(run=run, at=self.at - before))


@pytest.fixture
def agency(uid: str) -> str:
    """An agency of this test's own."""
    return f"机构{uid}"


@pytest.fixture
def write(registry: Registry, new_state: NewState, agency: str) -> Callable[..., Writer]:
    return lambda **fields: Writer(registry, new_state, {"agency": agency} | fields)


async def figures(registry: Registry, **query: Any) -> Stats:
    return await FilingStats(registry).figures(StatsQuery(**query), packaged_arrangement(), NOW)


def stages(figures: Figures) -> dict[Status, dict[str, Any]]:
    return {one.stage: one.model_dump(exclude={"stage", "overdue_share"}) for one in figures.stages}


async def approved(writer: Writer) -> Writer:
    """Approved at once: two working days of the platform, none of the authority, one of the
    principals, three of the bureau."""
    await writer.go(S.PLATFORM_REVIEW)  # Friday, 25 September
    await (await writer.after(days=4)).go(S.SUBMISSION)  # Tuesday
    await (await writer.after(hours=3)).go(S.SMS_VERIFICATION)
    await (await writer.after(days=1)).go(S.BUREAU_REVIEW)  # Wednesday, 30 September
    return await (await writer.after(days=10)).go(S.APPROVED)  # Saturday 10 October, worked


async def test_an_approved_filing_counted_by_hand(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    await approved(write())
    stats = await figures(registry, agency=agency)
    total = stats.total
    assert (total.filings, total.open, total.ended[S.APPROVED]) == (1, 0, 1)
    assert (total.first_time_approved, total.first_time_approval_rate) == (1, 1.0)
    # 28, 29, 30 September; 8, 9, 10 October
    assert total.median_working_days_to_approval == total.p95_working_days_to_approval == 6
    days = {stage: figures["median_working_days"] for stage, figures in stages(total).items()}
    assert days == {
        S.PLATFORM_REVIEW: 2,
        S.SUBMISSION: 0,
        S.SMS_VERIFICATION: 1,
        S.BUREAU_REVIEW: 3,
    }
    held = {one.party: (one.working_days, one.share, one.per_filing) for one in total.held}
    assert held == {
        Party.PLATFORM: (2, 0.3333, 2.0),
        Party.AUTHORITY: (0, 0.0, 0.0),
        Party.PRINCIPALS: (1, 0.1667, 1.0),
        Party.BUREAU: (3, 0.5, 3.0),
    }
    assert total.reasons == ()
    assert total.sms_lapses == stats.conflicts == stats.not_accepted == 0


async def test_returns_lapses_overdue_and_open_stays_counted_by_hand(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    returned = await write().go(S.PLATFORM_REVIEW)
    await (await returned.after(days=5)).overdue()
    await (await returned.after(hours=1)).go(S.CORRECTION, *BLURRED, ("subject.name", "不一致"))
    await (await returned.after(days=1)).go(S.PLATFORM_REVIEW)  # 1 October
    missed = await write().go(S.SMS_VERIFICATION)
    await (await missed.after(days=1)).go(S.CORRECTION, *LAPSED)
    await (await missed.after(days=60)).go(S.LAPSED)
    total = (await figures(registry, agency=agency)).total
    assert (total.filings, total.open, total.overdue_now, total.ended[S.LAPSED]) == (2, 1, 0, 1)
    assert (total.sms_lapses, total.first_time_approval_rate) == (1, 0.0)
    assert [(r.field, r.reason, r.count) for r in total.reasons] == [
        ("materials.0", "照片不清晰", 1),
        ("subject.name", "不一致", 1),
    ]
    review = stages(total)[S.PLATFORM_REVIEW]
    # left: 28, 29, 30 September; still open: from 8 October to 24 November, and the 10th is worked
    assert review == {
        "entered": 2,
        "left": 1,
        "open": 1,
        "overdue": 1,
        "median_working_days": 3,
        "p95_working_days": 3,
        "working_days": 3 + 35,
    }


async def test_what_a_lost_task_had_told_does_not_count(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    writer = await write().go(S.PLATFORM_REVIEW)
    await (await writer.after(days=3)).go(S.SUBMISSION, lost=True)
    stats = await figures(registry, agency=agency)
    assert stats.total == counted([writer.life], packaged_arrangement(), NOW)
    assert set(stages(stats.total)) == {S.PLATFORM_REVIEW, S.SUBMISSION}
    assert stats.total.reasons == ()


async def test_after_a_reset_the_older_log_counts_and_the_row_says_where_it_stands(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    writer = await write().go(S.PLATFORM_REVIEW)
    await (await writer.after(days=3)).go(S.SUBMISSION)
    await writer.conflict()
    again = await figures(registry, agency=agency)
    assert again.conflicts == 1
    assert again.total == counted([writer.life], packaged_arrangement(), NOW)
    # The run that goes on stands elsewhere, under a sequence that the log has otherwise.
    await registry.pool.execute(
        "update filings set status = 'bureau_review', entered_at = $2 where uid = $1",
        writer.uid,
        writer.at + timedelta(days=3),
    )
    writer.life.stays.append((S.BUREAU_REVIEW, 1, writer.at + timedelta(days=3)))
    moved = await figures(registry, agency=agency)
    assert moved.total == counted([writer.life], packaged_arrangement(), NOW)


async def test_a_filing_ended_from_outside_has_no_outcome_and_its_last_stay_ends(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    writer = await write().go(S.PLATFORM_REVIEW)
    await registry.close_from_outside(writer.uid, "流程已被外部终止", NOW)
    total = (await figures(registry, agency=agency)).total
    assert (total.filings, total.open, total.ended_from_outside) == (1, 0, 1)
    assert sum(total.ended.values()) == 0
    assert total.first_time_approval_rate is None
    assert stages(total)[S.PLATFORM_REVIEW]["left"] == 1


async def test_an_application_that_was_not_accepted_counts_only_as_that(
    registry: Registry, new_state: NewState, agency: str
) -> None:
    state = new_state(agency=agency, sequence=0)
    await registry.write(state, ())
    before = await figures(registry, agency=agency)
    assert (before.total.filings, before.total.open, before.not_accepted) == (1, 1, 0)
    refusal = {"purpose": "refusal", "at": START, "status": S.LAPSED, "round": 1}
    entry = Entry(sequence=0, by="rules", note="申请未受理", **refusal)
    await registry.refuse(state.uid, entry)
    after = await figures(registry, agency=agency)
    assert (after.total.filings, after.not_accepted, after.total.stages) == (0, 1, ())


@pytest.mark.parametrize("by", [By.PROVINCE, By.CUSTOMER, By.KIND, By.AGENCY])
async def test_groups_the_largest_first_and_only_so_many(
    registry: Registry, write: Callable[..., Writer], agency: str, by: By
) -> None:
    lives: dict[tuple[str, str | None], list[Life]] = {}
    for province, customer in (("江苏省", "A"), ("江苏省", None), ("浙江省", "A"), ("江苏省", "B")):
        writer = await approved(write(province=province, customer=customer))
        lives.setdefault((province, customer), []).append(writer.life)
    stats = await figures(registry, agency=agency, by=by)
    keys = {
        By.PROVINCE: [("江苏省", 3), ("浙江省", 1)],
        By.CUSTOMER: [("A", 2), (None, 1), ("B", 1)],
        By.KIND: [("new", 4)],
        By.AGENCY: [(agency, 4)],
    }[by]
    assert [(group.key, group.filings) for group in stats.groups] == keys
    for group in stats.groups:
        assert group.held == stats.total.held or group.filings != stats.total.filings
        assert sum(one.entered for one in group.stages) == 4 * group.filings
    fewer = await figures(registry, agency=agency, by=by, groups=1)
    assert (fewer.groups, fewer.groups_left_out) == (stats.groups[:1], len(keys) - 1)
    assert fewer.total == stats.total


async def test_only_what_began_in_the_period_counts(
    registry: Registry, write: Callable[..., Writer], agency: str
) -> None:
    for days in (0, 1, 2):
        await (await write().after(days=days)).go(S.PLATFORM_REVIEW)
    day = timedelta(days=1)
    for start, end, count in (
        (None, None, 3),
        (START, START + day, 1),
        (START + day, None, 2),
        (None, START, 0),
    ):
        stats = await figures(registry, agency=agency, start=start, end=end)
        assert stats.total.filings == sum(one.entered for one in stats.total.stages) == count


STEPS = st.lists(
    st.tuples(
        st.sampled_from([s for s in Status if s not in FINAL]),
        st.floats(0, 500),
        st.sampled_from([(), (), BLURRED, LAPSED, (*BLURRED, ("subject.name", "不一致"))]),
        st.sampled_from(["", "", "lost", "overdue", "overdue twice", "conflict"]),
    ),
    min_size=1,
    max_size=6,
)
ENDS = st.sampled_from([None, None, *FINAL])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filings=st.lists(st.tuples(STEPS, ENDS), min_size=1, max_size=3))
async def test_random_histories_as_a_plain_count_has_them(
    registry: Registry, new_state: NewState, filings: list[Any]
) -> None:
    agency = f"机构{secrets.token_hex(8)}"
    lives, conflicts = [], 0
    for steps, end in filings:
        writer = Writer(registry, new_state, {"agency": agency})
        for status, hours, reasons, befalls in steps:
            await writer.go(status, *reasons, lost=befalls == "lost")
            await writer.after(hours=hours / 2)
            for _ in range(befalls.count("overdue") + befalls.count("twice")):
                await writer.overdue()
            if befalls == "conflict":
                await writer.conflict()
            await writer.after(hours=hours / 2)
        if end is not None:
            await writer.go(end)
        conflicts += any(befalls == "conflict" for *_, befalls in steps)
        lives.append(writer.life)
    stats = await figures(registry, agency=agency)
    assert stats.total == counted(lives, packaged_arrangement(), NOW)
    assert stats.conflicts == conflicts
