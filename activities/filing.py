"""A filing's own activities: check the application, write down what happened, claim its number."""

from datetime import date, datetime
from typing import Any

from temporalio import activity

from activities.alive import not_yet
from activities.ports import Calendar, ListedNames, Materials, Records
from filing.application import Application
from filing.checks import check
from filing.checks_holdings import check_holdings
from filing.holdings import Claim, Holdings, brought_up_to_date
from filing.model import CHINA, Model
from filing.parse import parse_application
from filing.problems import Problem, errors
from filing.process.events import Record, Recorded
from filing.process.instants import moved
from filing.process.state import State
from filing.process.transition import begin, transition
from filing.records import Entry, Told
from filing.rules import AS_WRITTEN, Levels, leveled
from filing.vocabulary import AuthorityMode, Status
from filing.window_rules import open_window
from filing.windows import Arrangement, WindowTerms
from filing.workdays import working_days_between


class Opening(Model):
    """A filing that an application is for: its workflow id and uid."""

    filing_id: str
    uid: str


class CheckOrder(Model):
    """An application as it was sent, and the day it is judged on."""

    application: Any
    at: datetime
    opens: Opening
    """The filing that begins or goes on with it, and claims what it is about."""


class Checked(Model):
    """What is wrong with it, and how filings are handled here now."""

    problems: tuple[Problem, ...]
    mode: AuthorityMode
    automatic: bool
    """The platform's review passes by itself: it is set so, and nothing warned."""
    claim: Claim | None = None
    """Whether the filing has its subject and mini program for itself; None where it claimed none."""


class RecordOrder(Model):
    """Write this down of a filing that stands so."""

    state: State
    record: Record
    at: datetime


class Granted(Model):
    """What a queued filing is about is its own now: the application with what is on file by then,
    and what is wrong with it."""

    application: Application
    problems: tuple[Problem, ...]


class NotAccepted(Model):
    """An application that was not accepted: its run, the failure's type, and what is wrong."""

    uid: str
    code: str
    what: str
    at: datetime


class NumberClaim(Model):
    """A filing number, for one filing."""

    number: str
    uid: str


class FilingActivities:
    """Needs the registry, the calendar and the materials store."""

    def __init__(
        self,
        records: Records,
        calendar: Calendar,
        materials: Materials,
        *,
        mode: AuthorityMode,
        automatic_review: bool,
        terms: WindowTerms,
        levels: Levels = AS_WRITTEN,
        listed: ListedNames | None = None,
    ) -> None:
        self._records = records
        self._calendar = calendar
        self._materials = materials
        self._mode = mode
        self._automatic_review = automatic_review
        self._terms = terms
        self._levels = levels
        self._listed = listed

    @activity.defn
    async def check_application(self, order: CheckOrder) -> Checked:
        """Every problem of an application whose files are in the materials store; without errors,
        the filing that it is for claims its subject and mini program."""
        application = parse_application(order.application)
        if not isinstance(application, Application):
            return Checked(problems=application, mode=self._mode, automatic=False)
        holdings = await self._records.holdings(application)
        today = order.at.astimezone(CHINA).date()
        problems = await self._problems(application, holdings, today)
        claim = None
        if not errors(problems):
            opens = order.opens
            opening = begin(application, opens.filing_id, opens.uid, self._mode, order.at).state
            claim = await self._claim(opening)
        return Checked(
            problems=problems,
            mode=self._mode,
            automatic=self._automatic_review and not problems,
            claim=claim,
        )

    async def _claim(self, opening: State) -> Claim:
        return await self._records.claim(opening.model_copy(update={"sequence": 0}))

    async def _problems(
        self, application: Application, holdings: Holdings, today: date
    ) -> tuple[Problem, ...]:
        against = leveled(check_holdings(application, holdings), self._levels)
        if self._listed is not None:
            against = (*against, *await self._listed.unlisted(application))
        unstored = tuple(
            Problem(
                path=f"materials.{index}.sha256",
                code="not_stored",
                message="材料没有存入材料库",
                fix="请用 starter.py start 或 amend 提交,它会先把文件存入材料库",
            )
            for index, material in enumerate(application.materials)
            if material.sha256 is None
        )
        if unstored:
            return (*check(application, None, today, levels=self._levels), *unstored, *against)
        facts = {
            material.file: await self._materials.facts(material.sha256, material.file)
            for material in application.materials
            if material.sha256 is not None
        }
        return (*check(application, facts, today, levels=self._levels), *against)

    @activity.defn
    async def record(self, order: RecordOrder) -> Recorded:
        """Open the window by the calendar as it is known now, and write it all to the registry.

        What a lost attempt had written happened when it said so.
        """
        entries = order.record.entries
        told = Told(run=activity.info().workflow_run_id or "", at=order.at)
        kept = await self._records.instants(order.state.uid, entries)
        order = moved(order, {e.at: kept[e.sequence] for e in entries if e.sequence in kept})
        arrangement = await self._calendar.arrangement()
        recorded = await self._record(order, arrangement, told)
        # An import looks for windows counted by an older calendar once, right after it is stored:
        # one that was being written then is counted again here.
        while order.record.opens is not None:
            newest = await self._calendar.arrangement()
            if newest.version == arrangement.version:
                break
            arrangement = newest
            recorded = await self._record(order, arrangement, told)
        return recorded

    async def _record(self, order: RecordOrder, arrangement: Arrangement, told: Told) -> Recorded:
        record = order.record
        window = open_window(record.opens, arrangement, self._terms) if record.opens else None
        stretches = tuple(
            stretch.model_copy(
                update={
                    "working_days": working_days_between(arrangement, stretch.start, stretch.end)
                }
            )
            for stretch in record.closes
        )
        instants = tuple(entry.at for entry in record.entries)
        recorded = Recorded(window=window, stretches=stretches, instants=instants, at=order.at)
        state = transition(order.state, recorded).state
        conflicts = await self._records.write(state, record.entries, told)
        return recorded.model_copy(update={"conflicts": conflicts})

    @activity.defn
    async def refuse_application(self, refused: NotAccepted) -> None:
        """Put on record that an application was not accepted."""
        entry = Entry(
            sequence=0,
            purpose="refusal",
            at=refused.at,
            status=Status.LAPSED,
            round=1,
            by="rules",
            note="申请未受理",
            detail={"code": refused.code, "problems": refused.what},
        )
        await self._records.refuse(refused.uid, entry)

    @activity.defn
    async def await_claim(self, queued: State) -> Granted:
        """Claim what a queued filing is about, and hold it against what is on file by then; retried
        until no other filing has it."""
        claim = await self._claim(queued)
        if not claim.granted:
            raise not_yet(f"{claim.holder} has not ended yet")
        holdings = await self._records.holdings(queued.application)
        application = brought_up_to_date(queued.application, holdings)
        today = activity.info().current_attempt_scheduled_time.astimezone(CHINA).date()
        return Granted(
            application=application,
            problems=await self._problems(application, holdings, today),
        )

    @activity.defn
    async def claim_number(self, claim: NumberClaim) -> bool:
        """Whether the number was free, or this filing's already; it is claimed in the same step."""
        return await self._records.claim_number(claim.number, claim.uid)


def refused(problems: tuple[Problem, ...]) -> str:
    """Paths and codes of what forbids an application; nothing of what it holds."""
    return ", ".join(f"{p.path or '(application)'}: {p.code}" for p in errors(problems)[:50])
