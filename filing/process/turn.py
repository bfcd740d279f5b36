"""One turn of the process: collects what a state becomes and what follows from it.

A `Turn` lives inside one call of the transition function, which stays pure.
"""

from datetime import datetime
from typing import Any

from filing.authority import Reason, Standing
from filing.changes import Change, changes
from filing.instants import when
from filing.model import unchecked
from filing.notices import Audience, Notice, NoticePurpose, NoticeReason
from filing.process.events import (
    AskWithdrawal,
    Effect,
    FindOut,
    HandOver,
    Record,
    Step,
    StopAsking,
    StopWithdrawing,
    Tell,
    Watch,
)
from filing.process.stages import STAGES
from filing.process.state import (
    EXPLANATION_CHARACTERS,
    REFUSALS_KEPT,
    Refusal,
    State,
    Stretch,
    TimelineEntry,
    latest,
)
from filing.records import Entry
from filing.vocabulary import (
    KIND_LABELS,
    PARTY_LABELS,
    STATUS_LABELS,
    Kind,
    MaterialType,
    Party,
    Status,
)
from filing.window_rules import working_days_ahead
from filing.windows import OVERDUE, WindowRequest

FINAL_LABELS = {
    Kind.CHANGE_SUBJECT: "变更成功",
    Kind.CHANGE_MINI_PROGRAM: "变更成功",
    Kind.CANCEL_SUBJECT: "注销成功",
    Kind.CANCEL_MINI_PROGRAM: "注销成功",
    Kind.CANCEL_ACCESS: "注销成功",
}


_entry = unchecked(Entry)
_timeline_entry = unchecked(TimelineEntry)
_stretch = unchecked(Stretch)
_window_request = unchecked(WindowRequest)
_notice = unchecked(Notice)
_record = unchecked(Record)

CLOSINGS = {
    Status.APPROVED: NoticePurpose.APPROVED,
    Status.REJECTED: NoticePurpose.REJECTED,
    Status.WITHDRAWN: NoticePurpose.WITHDRAWN,
    Status.LAPSED: NoticePurpose.LAPSED,
}
"""What the applicant is told when the filing ends."""


def time_spent(state: State) -> tuple[str, ...]:
    """How many working days each party had the filing, as applicants read it."""
    days: dict[Party, int] = {}
    for stretch in state.time_with:
        days[stretch.party] = days.get(stretch.party, 0) + stretch.working_days
    return tuple(f"{PARTY_LABELS[party]}:{count} 个工作日" for party, count in days.items())


def _escalated(state: State) -> bool:
    """Whether operations were told that the present window is overdue."""
    ahead = state.window.alarms if state.window else ()
    return state.overdue and not any(alarm.label == OVERDUE for alarm in ahead)


_HANDED_OVER_AT = {Standing.ABSENT, Standing.FACE_CHECK, Standing.STOPPED, Standing.CHECKING}
"""Where an order stands that is still to be handed over, or on its way to the bureau."""


def status_label(state: State) -> str:
    """The Chinese name of where the filing stands."""
    if state.awaits_face_check:
        return f"{STATUS_LABELS[state.status]}(负责人人脸核身)"
    if state.status is Status.APPROVED and state.application.kind in FINAL_LABELS:
        return FINAL_LABELS[state.application.kind]
    return STATUS_LABELS[state.status]


class Turn:
    """What one event leads to."""

    def __init__(self, state: State, at: datetime) -> None:
        self._state = state
        self._own = False
        """Whether the state is this turn's own copy, which nobody else has seen."""
        self.at = at
        self._entries: list[Entry] = []
        self._effects: list[Effect] = []
        self._opens: WindowRequest | None = None
        self._closes: list[Stretch] = []
        self._refusal: Refusal | None = None
        self._withdrawal: Refusal | None = None

    @property
    def state(self) -> State:
        """The state by now. What was given out stays as it is: the next change makes a copy."""
        self._own = False
        return self._state

    def change(self, **fields: Any) -> None:
        """Set fields of the state."""
        if self._own:
            self._state.__dict__.update(fields)  # frozen for all others
        else:
            self._state = self._state.model_copy(update=fields)
            self._own = True

    def write(self, purpose: str, by: str, note: str, **detail: Any) -> None:
        """Put an entry on record."""
        sequence = self._state.sequence + 1
        self.change(sequence=sequence)
        self._entries.append(
            _entry(
                sequence=sequence,
                purpose=purpose,
                at=self.at,
                status=self._state.status,
                round=self._state.round,
                by=by,
                note=note,
                detail=detail,
            )
        )

    def remember(self, purpose: str, by: str, note: str, **detail: Any) -> None:
        """Put an entry on record and on the timeline."""
        self.write(purpose, by, note, **detail)
        entry = _timeline_entry(at=self.at, status=self._state.status, by=by, note=note)
        self.change(timeline=latest((*self._state.timeline, entry)))

    def refuse(self, message: str, code: str, explanation: str, by: str | None = None) -> None:
        """Record that a message was not applied, and what would have been right."""
        self._remember_refusal(self.decline(message, code, explanation, by))

    def _remember_refusal(self, refusal: Refusal) -> None:
        kept = (*self.state.refused, refusal)[-REFUSALS_KEPT:]
        self.change(refused=kept, refused_count=self.state.refused_count + 1)
        self.write(
            "refusal",
            refusal.by or "?",
            refusal.explanation,
            message=refusal.message,
            code=refusal.code,
        )

    def refuse_withdrawal(self, code: str, explanation: str) -> None:
        """Record that the withdrawal about which the authority was asked is not done."""
        pending = self.state.withdrawal
        if pending is None:
            return
        self._withdrawal = Refusal(
            at=self.at, message=pending.message, by=pending.by, code=code, explanation=explanation
        )
        self.change(withdrawal=None)
        self._remember_refusal(self._withdrawal)

    def decline(self, message: str, code: str, explanation: str, by: str | None) -> Refusal:
        """Answer that a message was not applied, without putting it on record again."""
        self._refusal = Refusal(
            at=self.at,
            message=message,
            by=by,
            code=code,
            explanation=explanation[:EXPLANATION_CHARACTERS],
        )
        return self._refusal

    def do(self, effect: Effect) -> None:
        """Add an effect; effects are carried out in order, after the record."""
        self._effects.append(effect)

    def enter(
        self,
        status: Status,
        by: str,
        note: str,
        *,
        start: datetime | None = None,
        reasons: tuple[Reason, ...] = (),
    ) -> None:
        """Go to another status: close the stretch, open the window, start or stop asking. `reasons`
        are put on record with it."""
        if self._state.held_by_authority and status in STAGES and not STAGES[status].with_authority:
            self.release("authority", "不再等待备案系统,恢复计时")
        left = STAGES.get(self._state.status)
        entered = max(self.at, self._state.entered_at)
        self.change_hands(entered)
        asked_before = left is not None and left.with_authority
        self.change(
            status=status,
            entered_at=entered,
            with_since=None,
            window=None,
            told_until=None,
            announced=False,
            overdue=False,
            closing_note=None,
            missing=False,
            holds=self._holds_since(status, start or entered),
        )
        if status is Status.SUBMISSION:
            self.change(sent_at=entered)
        detail = {"reasons": [r.model_dump(mode="json") for r in reasons]} if reasons else {}
        self.remember("transition", by, note, **detail)
        self._opens = None
        if self._state.withdrawal is not None:
            # It was asked for in the stage that is left; the next round's order is another one.
            self.refuse_withdrawal(
                "too_late",
                f"询问备案系统能否撤回时,该备案已转入「{STATUS_LABELS[status]}」,撤回未执行",
            )
            self.do(StopWithdrawing())
        if status.final:
            self.change(held_since=None, held_by_authority=False, early=())
            return
        self.open_window(start or entered)
        stage = STAGES[status]
        if self._opens is None:
            self.announce()
        if asked_before and not stage.with_authority:
            self.do(StopAsking())
        self.ask_on()

    def change_hands(self, at: datetime) -> None:
        """Whoever had the filing until now has it no longer: close the stretch."""
        state = self._state
        party, start = state.waits_for, state.with_since or state.entered_at
        if party is not None and at > start:
            self._closes.append(_stretch(party=party, start=start, end=at, working_days=0))
            self.change(with_since=at)

    def _holds_since(
        self, status: Status, start: datetime
    ) -> tuple[tuple[datetime, datetime], ...]:
        """The holds that count for a stage. Its window may run from before it was entered; with the
        authority it may even be dated back later, as far as to when the filing went there."""
        stage, sent_at = STAGES.get(status), self._state.sent_at
        if stage is not None and stage.with_authority and sent_at is not None:
            start = min(start, sent_at)
        return tuple(hold for hold in self._state.holds if hold[1] > start)

    def release(self, by: str, note: str) -> None:
        """End the present hold; the window is still to be counted again without it."""
        held_since = self.state.held_since
        assert held_since is not None
        holds = (*self.state.holds, (held_since, self.at))
        self.change(held_since=None, held_by_authority=False, holds=holds)
        self.remember("resume", by, note)

    def open_window(self, start: datetime) -> None:
        """Ask for the window of the present stage, running from `start`."""
        self.change(window_start=start)
        state = self._state
        if state.held_since is not None or state.status is Status.QUEUED:
            return
        self._opens = _window_request(
            stage=state.status,
            round=state.round,
            start=start,
            entered_at=self.at,
            told_until=min(state.told_until or state.entered_at, self.at),
            offset_seconds=state.offset_seconds,
            holds=state.holds,
            owed=not _escalated(state),
        )

    def announce(self) -> None:
        """Tell the applicant once what has begun or ended, when its last moment, or how long it
        took, is known."""
        state = self._state
        purpose = CLOSINGS.get(state.status)
        if purpose is None:
            purpose = STAGES[state.status].announces
        if state.announced or purpose is None:
            return
        self.change(announced=True)
        submitted = state.status is Status.SUBMISSION
        sms_due = not submitted or bool(state.principals_due)
        self.tell(
            purpose,
            Audience.APPLICANT,
            due=state.window.due_at if state.window else None,
            reasons=() if state.status is Status.SMS_VERIFICATION else state.reasons,
            note=state.closing_note,
            time_spent=time_spent(state) if state.status.final else (),
            working_days_ahead=working_days_ahead(sms_due) if submitted else None,
            sms_due=sms_due,
        )
        if submitted and state.by_hand:
            papers = dict.fromkeys(material.type for material in state.application.materials)
            self.tell(
                NoticePurpose.BY_HAND,
                Audience.OPERATIONS,
                due=state.window.due_at if state.window else None,
                changes=changes(state.application),
                materials=tuple(papers),
                sms_due=sms_due,
            )

    def watch(self) -> None:
        """Ask the authority for news, where there is one to ask."""
        stage = STAGES.get(self.state.status)
        if self.state.asks_authority and stage and stage.with_authority:
            self.do(Watch(known=self.state.known))

    def ask_on(self) -> None:
        """What is to be asked of the authority now; after its question was stopped, or in a new
        run. Handing over twice is one: what is there already is found. What has gone from there is
        not handed over again, for somebody may have taken it back."""
        state, pending = self.state, self.state.withdrawal
        handing_over = state.standing in _HANDED_OVER_AT and not state.missing
        if not state.asks_authority:
            return
        if pending is not None:
            self.do(AskWithdrawal(by=pending.by, reason=pending.reason))
        elif state.status is Status.SUBMISSION and handing_over:
            self.do(HandOver(known=state.known))
        else:
            self.watch()

    @property
    def finding_out(self) -> bool:
        """Whether something has to be found out before the event can be applied."""
        return any(isinstance(effect, FindOut) for effect in self._effects)

    def forget_authority(self) -> None:
        """A new round begins: what the authority said of the last one no longer counts."""
        self.change(
            standing=Standing.ABSENT,
            missing=False,
            available=True,
            face_check=None,
            authority_note=None,
            sent_at=None,
            received_at=None,
            submitted_at=None,
            sms=(),
            early=(),
        )

    def tell(
        self,
        purpose: NoticePurpose,
        audience: Audience,
        *,
        note: str | None = None,
        reasons: tuple[Reason, ...] = (),
        due: datetime | None = None,
        time_spent: tuple[str, ...] = (),
        working_days_ahead: tuple[int, int] | None = None,
        sms_due: bool = True,
        cause: str | None = None,
        link: str | None = None,
        changes: tuple[Change, ...] = (),
        materials: tuple[MaterialType, ...] = (),
    ) -> None:
        """Send a notice about the filing as it stands now."""
        state = self._state
        self.do(
            Tell(
                notice=_notice(
                    uid=state.uid,
                    filing_id=state.filing_id,
                    sequence=state.sequence,
                    purpose=purpose,
                    audience=audience,
                    email=(
                        state.application.contact.email if audience is Audience.APPLICANT else None
                    ),
                    mini_program=state.application.mini_program.name,
                    kind_label=KIND_LABELS[state.application.kind],
                    status_label=status_label(state),
                    round=state.round,
                    due=when(due) if due else None,
                    note=note,
                    number=state.filing_number,
                    cause=cause,
                    link=link,
                    changes=changes,
                    materials=materials,
                    time_spent=time_spent,
                    working_days_ahead=working_days_ahead,
                    sms_due=sms_due,
                    reasons=tuple(
                        NoticeReason(field=r.field, reason=r.reason, suggestion=r.suggestion)
                        for r in reasons
                    ),
                )
            )
        )

    def step(self) -> Step:
        """The outcome."""
        effects = tuple(self._effects)
        if self._entries or self._opens or self._closes:
            record = _record(
                entries=tuple(self._entries), opens=self._opens, closes=tuple(self._closes)
            )
            effects = (record, *effects)
        return Step(
            state=self._state, effects=effects, refusal=self._refusal, withdrawal=self._withdrawal
        )
