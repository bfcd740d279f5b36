"""Facts: SMS checks, and what the authority says. Those of this round that come early are kept."""

from datetime import datetime, timedelta

from filing.application import one_phone
from filing.authority import AuthorityReport, Reason, Standing, kept_reasons
from filing.instants import when
from filing.model import unchecked
from filing.notices import Audience, NoticePurpose
from filing.process.events import AskAgain, Follow, Message, Reported
from filing.process.hindrances import heed_entry, moves_on
from filing.process.messages import AuthorityEvent, SmsVerified, instant
from filing.process.outcomes import approve_number, send_back, standing_sentence
from filing.process.sms_clocks import compare_clocks
from filing.process.stages import STAGES
from filing.process.state import EarlyFact, SmsCheck
from filing.process.turn import Turn
from filing.vocabulary import CANCELLATIONS, PRINCIPAL_LABELS, AuthorityMode, Status

AUTOMATIC = "自动初审"
"""Who reviewed, where the platform's review passes by itself."""
EARLY_KEPT = 20
EARLY_TEXT = 20_000
"""Characters of reasons among them."""
EVENTS_KEPT = 200
MOST_HASTENED = 10
HASTENED_WITHIN = timedelta(hours=1)
"""So many pushes make a filing ask at once in this time; after more it is asked as usual, for each
costs a call, and events of the history."""

_sms_check = unchecked(SmsCheck)

SMS_LAPSE = Reason(
    field="sms_verification",
    reason="工信部短信核验超过 24 小时未完成",
    suggestion="核对手机号码可接收 12381 短信后重新提交;内容无需修改的可直接重新提交",
)
"""What a missed SMS check is put on record with; statistics know it by field and reason."""

_LEAVES = {Standing.RETURNED, Standing.BUREAU_RETURNED, Standing.SMS_LAPSED, Standing.APPROVED}
"""What takes a filing away from the authority, whose entry concerns it no longer."""

_BEFORE_SMS = (Status.QUEUED, Status.PLATFORM_REVIEW, Status.SUBMISSION)
_ROUND_IS_OVER = "本轮已退回,该事实不再影响本轮;重新提交后如仍成立,请重发"


def verify_sms(turn: Turn, event: Message, message: SmsVerified) -> None:
    """One principal has passed the SMS check."""
    state = turn.state
    check = SmsCheck(person=message.person, at=instant(message.at, event.at), source=message.source)
    if state.status.final:
        turn.refuse(event.name, "final", standing_sentence(turn), message.source)
    elif message.round not in (None, state.round):
        turn.refuse(
            event.name,
            "stale_round",
            f"该核验不属于当前这一轮;{standing_sentence(turn)}",
            message.source,
        )
    elif state.status is Status.CORRECTION:
        turn.refuse(event.name, "out_of_turn", _ROUND_IS_OVER, message.source)
    elif state.status in _BEFORE_SMS:
        _keep_early(turn, event.name, EarlyFact(at=event.at, source=message.source, check=check))
    elif state.status is not Status.SMS_VERIFICATION:
        turn.refuse(
            event.name,
            "already_verified",
            f"短信核验已经完成;{standing_sentence(turn)}",
            message.source,
        )
    elif message.person not in state.principals_due and not one_phone(state.application):
        turn.refuse(
            event.name,
            "not_due",
            f"本备案不需要{PRINCIPAL_LABELS[message.person]}的短信核验",
            message.source,
        )
    elif not _pass_check(turn, check):
        turn.refuse(
            event.name,
            "already_verified",
            f"{PRINCIPAL_LABELS[message.person]}的短信核验已记录过",
            message.source,
        )


def _pass_check(turn: Turn, check: SmsCheck) -> bool:
    """Count one check and go on after the last; False where that person's was counted before."""
    if not _count_check(turn, check):
        return False
    if {done.person for done in turn.state.sms} >= set(turn.state.principals_due):
        _to_bureau(turn, check.source, "短信核验全部完成")
    return True


def _count_check(turn: Turn, check: SmsCheck) -> bool:
    state = turn.state
    due = state.principals_due
    if due and one_phone(state.application):
        check = check.model_copy(update={"person": due[0]})
    if check.person not in due or any(done.person is check.person for done in state.sms):
        return False
    turn.change(sms=(*state.sms, check))
    turn.remember("fact", check.source, f"{PRINCIPAL_LABELS[check.person]}已通过短信核验")
    return True


def _early_checks(turn: Turn) -> list[SmsCheck]:
    """The checks that came early, in their order of arrival; they are kept no longer."""
    early = turn.state.early
    turn.change(early=tuple(fact for fact in early if fact.check is None))
    return [fact.check for fact in early if fact.check is not None]


def _to_bureau(turn: Turn, by: str, note: str) -> None:
    state = turn.state
    # The bureau's days run from the last check that was due, and never from before submission.
    last = max((check.at for check in state.sms), default=turn.at)
    start = max(last, state.submitted_at or last)
    turn.change(standing=Standing.BUREAU_REVIEW)
    turn.enter(Status.BUREAU_REVIEW, by, note, start=start)


def receive_event(turn: Turn, event: Message, message: AuthorityEvent) -> None:
    """News from the authority that somebody or something sent us."""
    state = turn.state
    if message.event_id in state.events_seen:
        turn.refuse(
            event.name, "duplicate", "该事件(event_id)已经处理过,重复的不再处理", message.source
        )
        return
    if message.kind == "changed":
        _seen(turn, message)
        _hasten(turn, message)
        return
    if state.status.final:
        turn.refuse(event.name, "final", standing_sentence(turn), message.source)
        return
    report = _as_report(turn, event.at, message)
    if state.status is Status.CORRECTION:
        turn.refuse(event.name, "out_of_turn", _ROUND_IS_OVER, message.source)
        return
    if state.status in (Status.QUEUED, Status.PLATFORM_REVIEW):
        kept = report.model_copy(update={"at": report.at or event.at})
        fact = EarlyFact(at=event.at, source=message.source, report=kept)
        if _keep_early(turn, event.name, fact):
            _seen(turn, message)
        return
    apply_report(turn, event, event.name, report, message.source)
    if turn.finding_out:
        return  # the same event comes again, with what was found out
    if turn.state.sequence == state.sequence:
        turn.write("fact", message.source, "与已知情况一致,没有变化", kind=message.kind)
    if turn.state.status is not state.status or turn.state.refused_count == state.refused_count:
        _seen(turn, message)


def _hasten(turn: Turn, message: AuthorityEvent) -> None:
    """Something has changed with the authority: ask it now, where it is being asked."""
    state = turn.state
    stage = STAGES.get(state.status)
    lately = tuple(at for at in state.hastened if turn.at - at < HASTENED_WITHIN)
    if stage is None or not stage.with_authority or not state.asks_authority:
        what = "该环节不询问备案系统,没有变化"
    elif state.withdrawal is not None:
        what = "正在询问能否撤回,之后再询问状态"
    elif len(lately) >= MOST_HASTENED:
        what = "推送过多,稍后照常询问"
    else:
        what = "立即询问"
        turn.change(hastened=(*lately, turn.at))
        turn.do(AskAgain())
    detail = {"said_at": message.at.isoformat()} if message.at else {}
    turn.write("fact", message.source, f"备案系统有变化:{what}", kind=message.kind, **detail)


def _seen(turn: Turn, message: AuthorityEvent) -> None:
    turn.change(events_seen=(*turn.state.events_seen, message.event_id)[-EVENTS_KEPT:])


def _as_report(turn: Turn, arrival: datetime, message: AuthorityEvent) -> AuthorityReport:
    past_submission = turn.state.status in (Status.SMS_VERIFICATION, Status.BUREAU_REVIEW)
    standing = {
        "received": Standing.SMS_WAITING,
        "sms": Standing.BUREAU_REVIEW,
        # Of a cancellation the sender means its own approval; 6 (filed) would mean that it failed.
        "approved": (
            Standing.ABSENT if turn.state.application.kind in CANCELLATIONS else Standing.APPROVED
        ),
        "returned": Standing.BUREAU_RETURNED if past_submission else Standing.RETURNED,
    }[message.kind]
    return AuthorityReport(
        standing=standing,
        at=message.at if message.at is not None and message.at <= arrival else None,
        number=message.number,
        reasons=message.reasons,
    )


def _keep_early(turn: Turn, name: str, fact: EarlyFact) -> bool:
    kept = [*turn.state.early, fact]
    text = sum(len(reason.reason) for f in kept if f.report for reason in f.report.reasons)
    if len(kept) > EARLY_KEPT or text > EARLY_TEXT:
        turn.refuse(
            name, "too_many_early_facts", "提前到达的事实过多,请在该环节开始后重发", fact.source
        )
        return False
    turn.change(early=tuple(kept))
    turn.remember("fact", fact.source, "提前收到,该环节开始时生效")
    return True


def count_early(turn: Turn) -> None:
    """A stage has opened: what came early counts now, in its order of arrival.

    Reports become events of their own, for a number may have to be looked up first.
    """
    state = turn.state
    if state.status is Status.SMS_VERIFICATION:
        for check in _early_checks(turn):
            if turn.state.status is Status.SMS_VERIFICATION:
                _pass_check(turn, check)
    elif state.status is Status.SUBMISSION:
        reports = [fact for fact in state.early if fact.report is not None]
        turn.change(early=tuple(fact for fact in state.early if fact.report is None))
        for fact in reports:
            assert fact.report is not None
            turn.do(
                Follow(
                    event=Reported(
                        report=fact.report,
                        at=turn.at,
                        round=state.round,
                        by=fact.source,
                        answers=False,
                    )
                )
            )


def receive(turn: Turn, by: str, at: datetime) -> None:
    """The authority has taken the filing to the bureau: SMS check, where the kind has one."""
    turn.change(submitted_at=turn.state.submitted_at or at, received_at=at)
    if turn.state.principals_due:
        turn.change(standing=Standing.SMS_WAITING)
        turn.enter(Status.SMS_VERIFICATION, by, "已送达管局,等待短信核验", start=at)
        count_early(turn)
    else:
        turn.change(standing=Standing.BUREAU_REVIEW)
        turn.enter(Status.BUREAU_REVIEW, by, "管局已接收", start=at)


def _date_receipt(turn: Turn, by: str, at: datetime) -> None:
    """The receipt is reported after we had gone on without its instant: the window runs from it."""
    turn.change(submitted_at=at, received_at=at)
    turn.remember("fact", by, f"管局接收时间为 {when(at)},重新计算期限")
    turn.open_window(at)


def submit(turn: Turn, by: str, note: str) -> None:
    """On to the authority; `manual` has none to wait for, so the stage passes at once."""
    by_hand = ";备案系统没有变更接口,由人工办理" if turn.state.by_hand else ""
    turn.enter(Status.SUBMISSION, by, f"{note}{by_hand}")
    count_early(turn)
    if turn.state.mode is AuthorityMode.MANUAL:
        receive(turn, "人工提交", turn.at)


def apply_report(
    turn: Turn, event: Message | Reported, name: str, report: AuthorityReport, by: str
) -> None:
    """The authority's word, whatever the stage; what says nothing new changes nothing."""
    state = turn.state
    status, standing = state.status, report.standing
    at = instant(report.at, turn.at)
    if state.sent_at is not None:
        at = max(at, state.sent_at)
    if status not in (Status.SUBMISSION, Status.SMS_VERIFICATION, Status.BUREAU_REVIEW):
        return
    if state.awaits_face_check and standing not in (Standing.FACE_CHECK, Standing.UNKNOWN):
        turn.change_hands(turn.at)
    cancels = state.application.kind in CANCELLATIONS
    answers = isinstance(event, Reported) and event.answers
    entry_news = answers and report.available is not state.available
    if answers:
        moves_on(turn, report, by)
        if standing not in _LEAVES and not (cancels and standing is Standing.ABSENT):
            heed_entry(turn, report, by)
    said_again = standing is state.standing and answers and not entry_news
    if said_again or standing is not Standing.SMS_WAITING:
        told = report.at is not None and report.at <= turn.at
        compare_clocks(turn, standing, at if told else None, by)
    if cancels and standing in (Standing.ABSENT, Standing.APPROVED):
        _cancellation_over(turn, by, standing)
    elif standing is Standing.APPROVED:
        if status is not Status.BUREAU_REVIEW and event.lookup.number_free is None:
            turn.write("note", by, "备案系统先于我方得知管局审核通过")
        approved = approve_number(turn, event, name, report.number, by)
        if not approved and not turn.finding_out:
            turn.tell(
                NoticePurpose.TROUBLE,
                Audience.OPERATIONS,
                note="备案系统称已通过,但所给备案号不能采用,请人工核对",
            )
    elif standing in (Standing.RETURNED, Standing.BUREAU_RETURNED):
        who = "管局" if standing is Standing.BUREAU_RETURNED else "备案系统"
        unsaid = Reason(field="application", reason=f"{who}退回,未附原因")
        reasons = kept_reasons(report.reasons) or (unsaid,)
        turn.change(standing=standing)
        send_back(turn, by, f"{who}退回修改", reasons)
    elif standing is Standing.SMS_WAITING and status is Status.SUBMISSION:
        receive(turn, by, at)
    elif standing is Standing.SMS_WAITING and status is Status.SMS_VERIFICATION:
        if report.at is not None and at != state.received_at:
            _date_receipt(turn, by, at)
    elif standing is Standing.SMS_LAPSED:
        # Also where we had taken the check for passed: the order has fallen back all the same.
        lapse_sms(turn, by)
    elif standing is Standing.ABSENT:
        # Nothing was handed over yet where it could not be.
        hindered = entry_news or state.standing in (Standing.FACE_CHECK, Standing.STOPPED)
        if not state.missing and not (hindered and status is Status.SUBMISSION):
            turn.change(standing=standing, missing=True)
            turn.write("note", by, "备案系统称没有该订单,继续等待")
            turn.tell(
                NoticePurpose.TROUBLE,
                Audience.OPERATIONS,
                note="备案系统称没有该小程序的备案订单,请人工核对",
            )
    elif standing is Standing.BUREAU_REVIEW and status in (
        Status.SUBMISSION,
        Status.SMS_VERIFICATION,
    ):
        for check in _early_checks(turn):  # their stage was over before we learned of it
            _count_check(turn, check)
        done = {check.person for check in turn.state.sms}
        turn.change(
            submitted_at=state.submitted_at or at,
            received_at=state.received_at or at,
            sms=(
                *turn.state.sms,
                *(
                    _sms_check(person=p, at=at, source=by)
                    for p in state.principals_due
                    if p not in done
                ),
            ),
        )
        _to_bureau(turn, by, "备案系统确认短信核验已完成")


def _cancellation_over(turn: Turn, by: str, standing: Standing) -> None:
    """Nothing is filed any more: it went through. What is still filed was not cancelled."""
    if standing is Standing.ABSENT:
        turn.change(reasons=())
        turn.enter(Status.APPROVED, by, "备案系统确认已注销")
    elif turn.state.status is Status.SMS_VERIFICATION:
        lapse_sms(turn, by)
    elif turn.state.status is Status.BUREAU_REVIEW:
        reason = Reason(field="application", reason="备案系统称该备案仍然有效,注销未通过")
        send_back(turn, by, "注销未通过", (reason,))


def lapse_sms(turn: Turn, by: str) -> None:
    """The SMS check ran out: the filing falls back to the applicant (`domain.md` 3.3)."""
    turn.change(standing=Standing.SMS_LAPSED)
    send_back(turn, by, "短信核验超时,退回", (SMS_LAPSE,), sms_lapsed=True)
