"""Anything, in any order: what holds of a filing whatever is sent, reported, forgotten or lost."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from filing.application import Application
from filing.authority import AuthorityReport, FaceCheck, Reason, Standing
from filing.process.events import HandOver, Watch
from filing.process.messages import SHAPES, UNDECODABLE
from filing.process.stages import STAGES
from filing.process.state import REFUSALS_KEPT, State
from filing.view import details, search_attributes, status_answer, timer_summary
from filing.vocabulary import CHANGES, AuthorityMode, Kind, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    CORRECTED,
    FREE,
    GRANT,
    ONE_PHONE,
    PRINCIPALS,
    REASONS,
    REJECT,
    RETURN,
    START,
    TAKEN,
    Play,
    application_data,
)

LINK = "https://face.example.com/t/abc"
OTHER_PHONE = {"subject.principal.mobile": "13912345678"}
APPLICATIONS = [
    None,
    CORRECTED,
    ONE_PHONE,
    OTHER_PHONE,
    {"mini_program.appid": "wx0000000000000000"},
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
people = st.sampled_from(["li.na", "苏通管局", "ops", " ", "x" * 101])
rounds = st.sampled_from([1, 1, 1, 2, 3, 0, None])
instants = st.integers(-72, 72).map(lambda hours: (START + timedelta(hours=hours)).isoformat())
reasons = st.sampled_from([REASONS, REASONS * 3, [], [{"field": "x", "reason": ""}], None])
numbers = st.sampled_from([FREE, TAKEN, None, "浙ICP备2026000001号-1X", "苏ICP备2026000002号-2X"])
decisions = st.fixed_dictionaries(
    {"outcome": st.sampled_from(["approve", "return", "reject", "no"]), "reviewer": people},
    optional={
        "round": rounds,
        "decision_id": st.sampled_from(["d-1", "d-2", "d-3", "d-4"]),
        "reasons": reasons,
        "filing_number": numbers,
    },
)
PAYLOADS: dict[str, st.SearchStrategy[Any]] = {
    "platform_decision": decisions,
    "bureau_decision": decisions,
    "decide": st.fixed_dictionaries(
        {"stage": st.sampled_from(list(Status)), "round": rounds, "decision": decisions}
    ),
    "sms_verified": st.fixed_dictionaries(
        {"person": st.sampled_from(PRINCIPALS), "source": people},
        optional={"round": rounds, "at": instants},
    ),
    "amend": st.fixed_dictionaries(
        {
            "application": st.sampled_from(APPLICATIONS).map(application_data) | json_values,
            "by": people,
        }
    ),
    **{
        name: st.fixed_dictionaries({"by": people}, optional={"reason": st.just("主动")})
        for name in ("resubmit", "hold", "resume")
    },
    "authority_event": st.fixed_dictionaries(
        {
            "source": people,
            "event_id": st.sampled_from(["e-1", "e-2", "e-3", "e-4", "e-5"]),
            "kind": st.sampled_from(["received", "returned", "approved", "sms", "changed"]),
        },
        optional={"at": instants, "number": numbers, "reasons": reasons},
    ),
    "calendar_changed": st.fixed_dictionaries({"years": st.just([2026])}),
}
sound = st.sampled_from(sorted(PAYLOADS)).flatmap(
    lambda name: st.tuples(st.just(name), PAYLOADS[name].map(lambda payload: (payload,)))
)
besides = st.fixed_dictionaries(
    {},
    optional={
        "available": st.booleans(),
        "note": st.sampled_from(["pay the fee", "allow our address"]),
        "face_check": st.builds(
            FaceCheck,
            task_id=st.sampled_from(["t-1", "t-2", "t-3"]),
            expires_at=st.integers(-24, 72).map(lambda hours: START + timedelta(hours=hours)),
            link=st.sampled_from([None, LINK]),
        ),
    },
)
"""What an answer says beside where the order stands."""
unsound = st.tuples(
    st.sampled_from([*SHAPES, "approve", "", "\x00"]),
    st.sampled_from([(), (None,), (APPROVE, APPROVE), ({UNDECODABLE: "k"},)])
    | json_values.map(lambda value: (value,)),
)
NEXT: dict[Status, list[tuple[str, Any]]] = {
    Status.PLATFORM_REVIEW: [("platform_decision", APPROVE)] * 4 + [("platform_decision", RETURN)],
    Status.CORRECTION: [
        ("resubmit", ACT),
        ("amend", {"application": application_data(CORRECTED), "by": "wang.fang"}),
    ],
    Status.SUBMISSION: [
        ("authority_event", {"source": "hook", "event_id": "right", "kind": "received"})
    ],
    Status.SMS_VERIFICATION: [("sms_verified", {"person": p, "source": "ops"}) for p in PRINCIPALS],
    Status.BUREAU_REVIEW: [
        ("bureau_decision", RETURN),
        ("bureau_decision", RETURN),
        ("bureau_decision", GRANT),
        ("bureau_decision", REJECT),
    ],
}
"""What each stage waits for, so that runs get somewhere."""


def private(application: Application) -> set[str]:
    """Names and numbers of people and papers that an application holds."""
    people = [application.subject.principal, application.mini_program.principal]
    if application.subject.legal_representative:
        people.append(application.subject.legal_representative)
    found = {application.subject.certificate.number}
    for person in people:
        found |= {person.name, person.certificate.number, person.mobile}
        found |= {person.email, person.emergency_mobile}
    return found


class AnyFiling(RuleBasedStateMachine):
    """One filing to which anything may happen."""

    play: Play
    sent: list[tuple[str, tuple[Any, ...]]]

    @initialize(
        mode=st.sampled_from(AuthorityMode),
        changes=st.sampled_from(
            [None, None, ONE_PHONE, *({"kind": kind} for kind in sorted(CHANGES))]
        ),
        automatic=st.booleans(),
    )
    def begin(self, mode: AuthorityMode, changes: dict[str, Any] | None, automatic: bool) -> None:
        self.play = Play.begin(mode, changes, automatic=automatic)
        self.sent = []
        self.steps = 0
        self.last = self.play.state
        self.ended: State | None = None
        self.private = private(self.play.state.application)
        self.private |= {OTHER_PHONE["subject.principal.mobile"]}
        self.read = [0, 0]

    # --- what may happen ---

    def deliver(self, name: str, args: tuple[Any, ...]) -> None:
        before = self.play.state
        happened = self.play.send(name, *args)
        if self.play.state.sequence == before.sequence:
            assert happened.code == "duplicate"
            assert happened.entries == ()
            assert self.play.state == before
        if before.status.final:
            pushed = name == "authority_event" and [e.purpose for e in happened.entries] == ["fact"]
            assert (happened.refusal is None) == pushed

    @rule(message=sound)
    def somebody_sends(self, message: tuple[str, tuple[Any, ...]]) -> None:
        self.sent.append(message)
        self.deliver(*message)

    @rule(message=unsound)
    def somebody_sends_nonsense(self, message: tuple[str, tuple[Any, ...]]) -> None:
        before = self.play.state
        self.deliver(*message)
        assert self.play.state.refused_count > before.refused_count
        assert self.play.state.status is before.status

    @rule(data=st.data())
    @precondition(lambda self: not self.play.state.status.final)
    def somebody_sends_what_is_waited_for(self, data: st.DataObject) -> None:
        name, payload = data.draw(st.sampled_from(NEXT[self.play.state.status]))
        if name == "authority_event":
            payload = {**payload, "event_id": f"right-{self.play.state.sequence}"}
        if data.draw(st.booleans()) and name.endswith("decision"):
            payload = {**payload, "round": self.play.state.round}
        self.sent.append((name, (payload,)))
        self.deliver(name, (payload,))

    @rule(data=st.data())
    @precondition(lambda self: self.sent)
    def an_earlier_message_comes_again(self, data: st.DataObject) -> None:
        self.deliver(*data.draw(st.sampled_from(self.sent)))

    @rule(name=st.sampled_from(sorted(SHAPES)), data=st.data())
    def a_message_quotes_somebodys_number(self, name: str, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.private)))
        self.deliver(name, ({number: number, "outcome": number, "person": number, "at": number},))

    @rule(by_cancel_request=st.booleans())
    @precondition(lambda self: self.steps > 20 or self.play.state.status is Status.SUBMISSION)
    def it_is_to_be_taken_back(self, by_cancel_request: bool) -> None:
        before = self.play.state
        if by_cancel_request:
            self.play.cancel()
        else:
            self.deliver("withdraw", (ACT,))
        assert self.play.state.sequence > before.sequence

    @rule(
        standing=st.sampled_from([*Standing, Standing.FACE_CHECK, Standing.STOPPED]),
        number=numbers,
        hours=st.integers(-30, 30),
        besides=besides,
    )
    @precondition(lambda self: self.play.asking is not None)
    def the_authority_answers(
        self, standing: Standing, number: str | None, hours: int, besides: dict[str, Any]
    ) -> None:
        at = self.play.at + timedelta(hours=hours) if hours % 3 else None
        play, before = self.play, self.play.state
        play.answer(standing, number=number, at=at, **besides)
        after = play.state
        if before.held_since is not None and not before.held_by_authority:
            assert after.held_since == before.held_since or after.status.final
        if after.status is before.status and isinstance(play.asking, HandOver | Watch):
            # The same again is no news, or it would be asked without end.
            gone = standing is Standing.ABSENT and after.status is Status.SUBMISSION
            report = AuthorityReport(standing=standing, **besides)
            assert gone or not play.asking.known.news(report)

    @rule(standing=st.sampled_from(Standing))
    @precondition(lambda self: self.play.once)
    def the_authority_answers_at_once(self, standing: Standing) -> None:
        self.play.answer_once(standing, number=FREE)

    @rule(standing=st.sampled_from(Standing), round_=st.integers(1, 4))
    def a_late_answer_comes(self, standing: Standing, round_: int) -> None:
        before = self.play.state
        happened = self.play.report(
            standing, round_=round_, number=TAKEN, reasons=(Reason(field="x", reason="y"),)
        )
        if round_ != before.round:
            assert self.play.state == before
            assert happened.entries == ()

    @rule(withdrawn=st.booleans())
    @precondition(lambda self: self.play.withdrawing is not None)
    def the_authority_answers_a_withdrawal(self, withdrawn: bool) -> None:
        self.play.answer_withdrawal(withdrawn=withdrawn)

    @rule(withdrawn=st.booleans())
    @precondition(lambda self: self.play.too_late)
    def the_authority_answers_a_withdrawal_too_late(self, withdrawn: bool) -> None:
        before = self.play.state
        happened = self.play.answer_too_late(withdrawn=withdrawn)
        assert self.play.state.status is before.status
        assert happened.told == ([("trouble", "operations")] if withdrawn else [])

    @rule(hours=st.sampled_from([0.01, 1, 5, 24, 24 * 3, 24 * 30]))
    def time_passes(self, hours: float) -> None:
        self.play.wait(hours=hours)

    @rule(days=st.integers(0, 40))
    def no_worker_runs_for_days(self, days: int) -> None:
        told = self.play.wake_late(self.play.at + timedelta(days=days)).told
        assert ("overdue", "operations") not in told or self.play.at.hour in (9, 10)

    @rule(hours=st.sampled_from([0.5, 13, 24 * 3, 24 * 30]), message=sound)
    def no_worker_runs_until_somebody_sends(
        self, hours: float, message: tuple[str, tuple[Any, ...]]
    ) -> None:
        """What has come is read before the clock is looked at."""
        self.play.at += timedelta(hours=hours)
        self.somebody_sends(message)

    @rule()
    def the_history_has_grown_long(self) -> None:
        self.play.reload()

    @rule(sequence=st.integers(1, 9))
    def the_registry_holds_something_else(self, sequence: int) -> None:
        self.play.conflicts = (sequence,)

    @rule(data=st.data())
    @precondition(lambda self: self.play.notices)
    def a_notice_never_arrives(self, data: st.DataObject) -> None:
        before = self.play.state.sequence
        self.play.undelivered(data.draw(st.sampled_from(self.play.notices)))
        assert self.play.state.sequence > before

    @rule(taken=st.booleans())
    def a_number_is_taken_or_released(self, taken: bool) -> None:
        self.play.taken = {FREE, TAKEN} if taken else set()

    # --- what holds all the same ---

    @invariant()
    def the_state_is_one_of_the_table(self) -> None:
        state = self.play.state
        assert state.status.final or state.status in STAGES
        if state.window is not None:
            assert (state.window.stage, state.window.round) == (state.status, state.round)
        else:
            assert state.status.final or state.held_since is not None
        assert not (state.status.final and state.window)

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        state = self.play.state
        if self.ended is not None:
            for name in ("status", "filing_number", "timeline", "application", "round", "reasons"):
                assert getattr(state, name) == getattr(self.ended, name)
        elif state.status.final:
            self.ended = state
        if state.status.final:
            assert state.next_instant is None
            assert not state.overdue
            if state.application.kind is Kind.NEW:
                assert (state.status is Status.APPROVED) == (state.filing_number is not None)

    @invariant()
    def nothing_goes_backwards(self) -> None:
        state, last = self.play.state, self.last
        self.steps += 1
        assert state.round >= last.round
        assert state.sequence >= last.sequence
        assert state.entered_at >= last.entered_at
        assert state.refused_count >= last.refused_count
        assert state.timeline[: len(last.timeline)] == last.timeline
        instants = [entry.at for entry in state.timeline]
        assert instants == sorted(instants)
        self.last = state

    @invariant()
    def every_entry_has_the_next_sequence(self) -> None:
        entries = self.play.entries
        assert [e.sequence for e in entries] == list(range(1, len(entries) + 1))
        assert self.play.state.sequence == len(entries)

    @invariant()
    def refusals_are_counted_and_the_last_are_kept(self) -> None:
        state = self.play.state
        assert len(state.refused) == min(state.refused_count, REFUSALS_KEPT)
        recorded = [e for e in self.play.entries if e.purpose == "refusal"]
        assert len(recorded) == state.refused_count
        kept = [(e.detail["message"], e.detail["code"]) for e in recorded[-REFUSALS_KEPT:]]
        assert [(r.message, r.code) for r in state.refused] == kept

    @invariant()
    def it_is_overdue_from_the_deadline_on_and_not_before(self) -> None:
        state = self.play.state
        if state.window is None:
            assert not state.overdue
        elif state.held_since is None:
            assert state.overdue == (state.window.due_at <= self.play.at)

    @invariant()
    def the_authority_is_asked_exactly_while_something_is_expected_of_it(self) -> None:
        play = self.play
        stage = STAGES.get(play.state.status)
        if not play.state.asks_authority:
            assert (play.asking, play.withdrawing, play.once) == (None, None, [])
        elif stage is not None and play.withdrawing is None:
            assert (play.asking is not None) == stage.with_authority
        if play.asking is not None and stage is not None:
            assert play.asked_in == play.state.round
        assert (play.withdrawing is None) == (play.state.withdrawal is None)
        if play.withdrawing is not None:
            assert play.waits_in(Status.SUBMISSION)
            assert play.withdrawing_in == play.state.round

    @invariant()
    def the_authority_holds_only_what_is_with_it_and_while_its_entry_is_closed(self) -> None:
        state = self.play.state
        if state.held_by_authority:
            assert state.held_since is not None
            assert STAGES[state.status].with_authority
            assert not state.available

    @invariant()
    def a_notice_is_named_once(self) -> None:
        names = [(n.sequence, n.purpose, n.audience) for n in self.play.notices]
        assert len(names) == len(set(names))

    @invariant()
    def what_is_shown_can_be_shown_and_the_state_stays_small(self) -> None:
        state = self.play.state
        assert len(state.model_dump_json()) < 200_000
        search_attributes(state)
        timer_summary(state)
        shown = [status_answer(state).model_dump_json(), details(state)]
        json.loads(shown[0])
        entries, notices = self.read
        shown += [e.model_dump_json() for e in self.play.entries[entries:]]
        shown += [n.model_dump_json(exclude={"email"}) for n in self.play.notices[notices:]]
        self.read = [len(self.play.entries), len(self.play.notices)]
        assert LINK not in "".join([*shown[:2], state.model_dump_json()])
        assert LINK not in "".join(e.model_dump_json() for e in self.play.entries[entries:])
        text = "\n".join(shown)
        assert not [secret for secret in self.private if secret in text]


TestAnyFiling = AnyFiling.TestCase
TestAnyFiling.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
