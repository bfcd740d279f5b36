"""The diagram tells the truth: every arrow can be gone, and no filing goes where there is none."""

import copy
import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from filing.authority import Standing
from filing.problems import Problem
from filing.process.diagram import diagram
from filing.vocabulary import CANCELLATIONS, KIND_LABELS, AuthorityMode, Kind, Status
from tests.filing.process_play import (
    ACT,
    APPROVE,
    FREE,
    GRANT,
    PRINCIPALS,
    REJECT,
    RETURN,
    Play,
)

Edge = tuple[Status, Status]
Deed = Callable[[Play], object]


def _deeds() -> Iterator[Deed]:
    yield lambda play: play.send("platform_decision", APPROVE)
    yield lambda play: play.send("platform_decision", RETURN)
    for decision in (GRANT, RETURN, REJECT):
        yield partial(_decides, decision=decision)
    for person in PRINCIPALS:
        yield partial(_passes, person=person)
    for standing in Standing:
        yield partial(_reports, standing=standing)
    yield lambda play: play.send("resubmit", ACT)
    yield _withdraw
    yield lambda play: play.to_deadline() if play.state.window else None
    yield _claims
    yield _claims_in_vain


def _claims(play: Play) -> None:
    if play.state.status is Status.QUEUED:
        play.claim()


def _claims_in_vain(play: Play) -> None:
    if play.state.status is Status.QUEUED:
        play.claim(None, Problem(path="", code="x", message="m", fix="f"))


def _decides(play: Play, decision: object) -> None:
    play.send("bureau_decision", decision)


def _passes(play: Play, person: str) -> None:
    play.send("sms_verified", {"person": person, "source": "ops"})


def _reports(play: Play, standing: Standing) -> None:
    play.report(standing, number=FREE if standing is Standing.APPROVED else None)


def _withdraw(play: Play) -> None:
    play.send("withdraw", ACT)
    if play.withdrawing:
        play.answer_withdrawal(withdrawn=True)


def walked(kind: Kind) -> set[Edge]:
    """Every way that a filing of this kind can go, found by doing everything everywhere."""
    edges: set[Edge] = set()
    seen: set[object] = set()
    changes = {"kind": kind.value}
    ahead = deque([Play.begin(AuthorityMode.SANDBOX, changes, queued_behind="filing-another")])
    while ahead:
        before = ahead.popleft()
        for deed in _deeds():
            play = copy.deepcopy(before)
            deed(play)
            at = before.state.status
            for entry in play.entries[len(before.entries) :]:
                if entry.purpose == "transition":
                    edges.add((at, entry.status))
                    at = entry.status
            state = play.state
            mark = (state.status, state.sms_lapsed, len(state.sms), state.round > 1)
            if mark not in seen and not state.status.final:
                seen.add(mark)
                ahead.append(play)
    return edges


def drawn(kind: Kind) -> set[Edge]:
    """The arrows of the diagram that are meant for this kind."""
    edges = set()
    for start, end, label in re.findall(r"^    (\w+) --> (\w+): (.+)$", diagram(), re.MULTILINE):
        for why in re.split("、(?![^(]*\\))", label):
            only = re.search(r"\((.+)\)", why)
            named = only[1].split("、") if only else []
            if "注销类除外" in why:
                meant = kind not in CANCELLATIONS
            elif named:
                meant = KIND_LABELS[kind] in named
            elif end == "correction" or start == "correction":
                meant = kind not in CANCELLATIONS
            else:
                meant = True
            if meant:
                edges.add((Status(start), Status(end)))
    return edges


@pytest.mark.parametrize(
    "kind", [Kind.NEW, Kind.CHANGE_SUBJECT, Kind.CANCEL_SUBJECT, Kind.CANCEL_ACCESS]
)
def test_a_filing_goes_every_way_that_is_drawn_and_no_other(kind: Kind) -> None:
    walked_ways, drawn_ways = walked(kind), drawn(kind)
    if kind is Kind.CANCEL_ACCESS:
        # It has no SMS check: what is drawn around that stage is not for it.
        sms = Status.SMS_VERIFICATION
        drawn_ways = {edge for edge in drawn_ways if sms not in edge}
    assert walked_ways == drawn_ways
