"""The simulated year: the same for a seed, nothing lost, and only by ways that the process has."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.simulate import app
from filing.authority import Standing
from filing.model import CHINA
from filing.process.events import Event, Step
from filing.process.state import State
from filing.vocabulary import Status
from filing.window_rules import RULES, open_window
from filing.windows import WindowRequest, WindowTerms
from filing.workdays import working_days_between
from gateways.calendar import packaged_arrangement
from operations.simulation.arrivals import starts
from operations.simulation.days import NEVER, Days, OfficeHours
from operations.simulation.desk import Demand, Desk
from operations.simulation.habits import (
    Applicants,
    Delay,
    Habits,
    Principals,
    Reviewing,
    WrongHabits,
    load_habits,
)
from operations.simulation.outside import Asking
from operations.simulation.report import Report
from operations.simulation.run import Plan
from operations.simulation.run import simulate as play
from operations.simulation.shell import Entry, Observer

FILINGS = 500
OPEN = [s for s in Status if not s.final and s is not Status.QUEUED]
NEXT = {
    Status.PLATFORM_REVIEW: {Status.CORRECTION, Status.SUBMISSION, Status.WITHDRAWN},
    Status.CORRECTION: {
        Status.PLATFORM_REVIEW,
        Status.SUBMISSION,
        Status.WITHDRAWN,
        Status.LAPSED,
    },
    Status.SUBMISSION: {Status.SMS_VERIFICATION, Status.CORRECTION, Status.WITHDRAWN},
    Status.SMS_VERIFICATION: {Status.BUREAU_REVIEW, Status.CORRECTION},
    Status.BUREAU_REVIEW: {Status.APPROVED, Status.REJECTED, Status.CORRECTION},
}
"""The ways of a new filing, as in docs/process.md; early facts are not played."""


def plan(filings: int = FILINGS, seed: int = 7, **changes: Any) -> Plan:
    given = {
        "year": 2026,
        "reviewers": None,
        "habits": Habits(),
        "terms": WindowTerms(),
        "arrangement": packaged_arrangement(),
    }
    return Plan(filings=filings, seed=seed, **(given | changes))


def simulate(played: Plan, processes: int | None = None, observe: Observer | None = None) -> Report:
    return play(played, processes=processes, observe=observe)


@dataclass
class Seen:
    """What went through the process, seen from outside of the tally."""

    states: dict[str, State] = field(default_factory=dict)
    moves: Counter[tuple[Status, Status]] = field(default_factory=Counter)
    refusals: int = 0

    def observe(self, before: State | None, event: Event | None, step: Step) -> None:
        state = step.state
        if before is None:
            assert state.filing_id not in self.states, "started twice"
            assert event is None
        else:
            assert before is self.states[state.filing_id], "a state was lost"
            assert event is not None
            if before.status is not state.status:
                self.moves[before.status, state.status] += 1
            if before.status.final:
                assert state.status is before.status
            assert before.sequence <= state.sequence
            assert before.round <= state.round <= before.round + 1
        if state.window is not None and not state.status.final:
            assert state.window.stage is state.status
        if state.status is Status.APPROVED:
            assert state.filing_number
        self.refusals += step.refusal is not None
        self.states[state.filing_id] = state


@cache
def seen() -> tuple[Report, Seen]:
    seen = Seen()
    return simulate(plan(), observe=seen.observe), seen


def as_json(report: Report) -> str:
    return report.model_dump_json()


def test_a_seed_gives_one_report_whoever_plays_it() -> None:
    report, _ = seen()
    assert as_json(simulate(plan(), processes=1)) == as_json(report)
    assert as_json(simulate(plan(), processes=2)) == as_json(report)
    assert as_json(simulate(plan(seed=8))) != as_json(report)


def test_a_face_check_is_passed_in_every_round_that_is_submitted_or_begun_anew() -> None:
    late = Habits(principals=Principals(face_check=Delay(median=20, spread=1)))
    told: Counter[str] = Counter()
    passed: Counter[str] = Counter()

    def observe(before: State | None, event: Event | None, step: Step) -> None:
        state = step.state
        if before is None or before.status is not Status.SUBMISSION:
            return
        if state.face_check != before.face_check:
            told[state.filing_id] += 1
        if state.standing is Standing.CHECKING and before.standing is Standing.FACE_CHECK:
            passed[state.filing_id] += 1
        if state.status is Status.SMS_VERIFICATION:
            assert before.standing is Standing.CHECKING

    report = simulate(plan(200, habits=late), observe=observe)
    notices = {(n.purpose, n.audience): n.count for n in report.notices}
    assert notices["face_check", "applicant"] == told.total()
    # Of half of them the first 24 hours run out.
    assert told.total() > 1.2 * passed.total() > 200
    assert report.started == report.ended + report.open
    plain = simulate(plan(200))
    assert "face_check" not in as_json(plain).replace('"face_check":null', "")


def test_what_started_has_ended_or_is_open() -> None:
    report, seen_ = seen()
    assert report.started == report.filings == FILINGS == len(seen_.states)
    assert report.started == report.ended + report.open == sum(report.by_status.values())
    standing = Counter(state.status for state in seen_.states.values())
    assert report.by_status == {status: standing[status] for status in Status}
    for stage in report.stages:
        assert stage.entered == stage.left + stage.open
        assert stage.open == standing[stage.stage]
    assert sum(report.rounds.values()) == report.ended
    assert sum(report.refusals.values()) == seen_.refusals


def test_filings_go_only_ways_that_the_process_has() -> None:
    _, seen_ = seen()
    taken: dict[Status, set[Status]] = {status: set() for status in OPEN}
    for before, after in seen_.moves:
        taken[before].add(after)
    assert {status: taken[status] - NEXT[status] for status in OPEN} == {s: set() for s in OPEN}
    # All of the usual ones are taken: a year without returns or lapses would prove little.
    assert NEXT[Status.CORRECTION] - taken[Status.CORRECTION] <= {Status.WITHDRAWN}
    assert taken[Status.SMS_VERIFICATION] == NEXT[Status.SMS_VERIFICATION]


def test_each_move_is_counted_once() -> None:
    report, seen_ = seen()
    stages = {stage.stage: stage for stage in report.stages}
    for status in OPEN:
        left = sum(n for (before, _), n in seen_.moves.items() if before is status)
        assert stages[status].left == left
    lapsed = seen_.moves[Status.SMS_VERIFICATION, Status.CORRECTION]
    assert 0 < report.sms_lapses <= lapsed
    told = {(n.purpose, n.audience): n.count for n in report.notices}
    assert told["sms_due", "applicant"] == stages[Status.SMS_VERIFICATION].entered
    assert told["approved", "applicant"] == report.by_status[Status.APPROVED]


def test_a_bureau_that_is_down_has_its_filings_held_and_let_go() -> None:
    everywhere = Habits.model_validate(
        {
            "bureaus": [{"name": "江苏省", "share": 1}],
            "outage": {"province": "江苏省", "first": "09-07", "working_days": 5},
        }
    )
    held: Counter[str] = Counter()
    decided: list[datetime] = []

    def observe(before: State | None, event: Event | None, step: Step) -> None:
        if before is None:
            return
        if (before.held_since is None) != (step.state.held_since is None):
            held["resumed" if before.held_since else "held"] += 1
        if before.status is Status.BUREAU_REVIEW is not step.state.status:
            decided.append(step.state.entered_at)

    report = simulate(plan(habits=everywhere), observe=observe)
    assert held["held"] == held["resumed"] == report.holds > 0
    # What the bureau decided on the day before is learned of until 6 hours later.
    first = datetime(2026, 9, 7, 6, tzinfo=CHINA)
    last = datetime(2026, 9, 12, tzinfo=CHINA)
    assert [at for at in decided if first <= at < last] == []
    assert simulate(plan(habits=Habits(outage=None))).holds == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_reviewers_never_make_the_queue_longer(seed: int) -> None:
    """By construction where nobody comes back: then all reviews are done as early or earlier."""
    once = Habits(
        reviewers=Reviewing(returned_first=0, minutes=450, minutes_spread=0.9),
        applicants=Applicants(withdraws=0),
    ).model_dump(mode="json")
    once["authority"]["returned"] = once["principals"]["forgets"] = 0
    for bureau in once["bureaus"]:
        bureau["returned"] = 0
    habits = Habits.model_validate(once)
    peaks = [
        simulate(plan(200, seed, habits=habits, reviewers=n)).reviewers.queue_peak.count
        for n in (1, 2, 3, 5, 30)
    ]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[0] > peaks[-1]


def test_too_few_reviewers_make_reviews_overdue_and_the_report_says_how_many_it_takes() -> None:
    slow = Habits(reviewers=Reviewing(minutes=280))
    short = simulate(plan(300, habits=slow, reviewers=1))
    review = short.stages[0]
    assert review.stage is Status.PLATFORM_REVIEW
    assert review.overdue_share is not None
    assert review.overdue_share > 0.2
    assert short.reviewers.share_in_time < 0.8
    some, most = (needed.reviewers for needed in short.reviewers.needed)
    assert some is not None
    assert most is not None
    assert 1 < some <= most
    enough = simulate(plan(300, habits=slow, reviewers=most))
    assert enough.reviewers.share_in_time >= 0.98


def test_windows_from_memory_are_those_of_the_rules() -> None:
    arrangement, terms = packaged_arrangement(), WindowTerms()
    days = Days(arrangement, terms, 2026)
    rng = Random(1)
    hour = timedelta(hours=1)
    for _ in range(1500):
        start = datetime(2026, 1, 1, tzinfo=CHINA) + hour * rng.randrange(24 * 365)
        hold = (start + hour * 5, start + hour * 30)
        request = WindowRequest(
            stage=rng.choice(list(RULES)),
            round=rng.randrange(1, 4),
            start=start,
            entered_at=start + hour * (later := rng.choice([0, 0, 1, 30, 200, 900])),
            told_until=start + hour * rng.choice([0, later // 2, later]),
            offset_seconds=rng.choice([0, 17, 3599]),
            holds=(hold,) if rng.random() < 0.1 else (),
        )
        assert days.open(request) == open_window(request, arrangement, terms)
        end = start + hour * rng.randrange(0, 600)
        assert days.between(start, end) == working_days_between(arrangement, start, end)


def test_office_hours_are_a_line_without_the_time_between() -> None:
    office = OfficeHours([date(2026, 3, 2), date(2026, 3, 4)], [(9, 12), (13.5, 18)])

    def at(day: int, hour: int, minute: int = 0) -> int:
        return int(datetime(2026, 3, day, hour, minute, tzinfo=CHINA).timestamp())

    assert office.at(at(2, 8)) == 0
    assert office.at(at(2, 10)) == 3600
    assert office.at(at(2, 13)) == 3 * 3600
    assert office.at(at(3, 12)) == office.at(at(4, 9)) == round(7.5 * 3600)
    assert office.instant(3600) == at(2, 10)
    assert office.instant(3 * 3600) == at(2, 12)
    assert office.instant(3 * 3600 + 60) == at(2, 13, 31)
    assert office.instant(round(7.5 * 3600) + 1) == at(4, 9) + 1
    assert office.instant(10**9) == NEVER


def test_news_is_heard_at_the_first_asking_after_it() -> None:
    asking = Asking(300, 3600)  # after 0, 5, 15, 35 and 75 minutes, then every hour
    begun = datetime(2026, 3, 2, 9, tzinfo=CHINA)
    minutes = [
        (asking.first_after(begun, begun + timedelta(minutes=m)) - begun) / timedelta(minutes=1)
        for m in (-5, 0, 1, 5, 6, 75, 76, 135, 136)
    ]
    assert minutes == [0, 0, 5, 5, 15, 75, 135, 135, 195]


def test_the_desk_takes_who_comes_first_and_passes_over_who_has_left() -> None:
    office = OfficeHours([date(2026, 3, 2)], [(9, 18)])
    nine = int(datetime(2026, 3, 2, 9, tzinfo=CHINA).timestamp())
    desk = Desk(office, 1)
    stays = Entry(at=nine - 100, number=1, takes=600, due=NEVER - 1, leaves=NEVER)
    assert desk.review(stays) == nine + 600
    assert desk.review(stays._replace(leaves=nine + 600)) == NEVER
    assert desk.review(stays._replace(leaves=nine + 601)) == nine + 1200
    demand = Demand(office, [stays._replace(due=nine + 1200)] * 4)
    assert [demand.share_in_time(n) for n in (1, 2, 3)] == [0.5, 1, 1]
    assert demand.reviewers_for(0.5) == 1
    assert demand.reviewers_for(0.6) == 2
    assert Demand(office, [stays._replace(due=nine + 1)]).reviewers_for(0.95) is None


def test_filings_start_on_working_days_and_after_holidays_above_all() -> None:
    habits = Habits()
    days = Days(packaged_arrangement(), WindowTerms(), 2026)
    by_day = Counter(
        datetime.fromtimestamp(start.at, CHINA).date()
        for start in starts(70_000, 2026, habits, days, Random(7))
    )
    ordinary, off = date(2026, 3, 18), date(2026, 3, 15)
    after_spring_festival = date(2026, 2, 24)
    assert not days.is_working(off)
    assert by_day[off] * 4 < by_day[ordinary]
    assert by_day[after_spring_festival] > by_day[ordinary] * 1.6
    assert sum(by_day.values()) == 70_000
    assert {day.year for day in by_day} == {2026}


# --- habits from a file ---


def habits_file(folder: Path, text: str) -> str:
    file = folder / "habits.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_habits_file_goes_over_the_defaults(tmp_path: Path) -> None:
    text = "reviewers: {count: 7, hours: [[8.5, 12], [13, 17]]}\noutage: null\n"
    habits = load_habits(habits_file(tmp_path, text))
    assert habits == Habits(reviewers=Reviewing(count=7, hours=((8.5, 12), (13, 17))), outage=None)
    assert load_habits(habits_file(tmp_path, "# nothing\n")) == Habits()
    assert simulate(plan(20, habits=habits)).reviewers.count == 7
    assert simulate(plan(20, habits=habits, reviewers=2)).reviewers.count == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("reviewers: {minuts: 3}", "reviewers.minuts: no such habit; here are count,"),
        ("bureaus: [{name: 广东省, share: 1, days: {mean: 3}}]", "bureaus.0.days.mean: no such"),
        ("bureaus: [{name: 广东, share: 1}]", "bureaus.0.name: must be a province with a bureau"),
        ("bureaus: []", "bureaus: at least one"),
        ("bureaus: [{name: 广东省, share: 1}]", "outage.province must be among the bureaus"),
        ("outage: {province: 江苏省, first: 02-29}", 'outage.first: must be a day as "06-18"'),
        ("principals: {forgets: 1.5}", "principals.forgets: less than or equal to 1"),
        ("principals: {awake: [22, 7]}", "principals: awake must be two hours in order"),
        ("applicants: {corrects: .9, sends_unchanged: .2}", "applicants: corrects and sends_un"),
        ("arrivals: {hours: [1, 2]}", "arrivals: hours: 24 weights"),
        ("reviewers: {hours: [[9, 12], [11, 18]]}", "reviewers: hours must be spans in order"),
        ("reviewers: {minutes: .nan}", "reviewers.minutes: "),
        ("reviewers: [1]", "reviewers: "),
        ("- a list", "must hold keys such as arrivals, reviewers"),
        ("a: [", ", line 1: not YAML"),
        ("a: \x00", "not readable as YAML"),
    ],
)
def test_a_wrong_habits_file_is_told_where_and_why(tmp_path: Path, text: str, told: str) -> None:
    file = habits_file(tmp_path, text)
    with pytest.raises(WrongHabits) as raised:
        load_habits(file)
    assert str(raised.value).startswith(file)
    assert told in str(raised.value)


def test_a_habits_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(WrongHabits, match="no such file"):
        load_habits(str(tmp_path / "none.yaml"))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongHabits, match="not UTF-8"):
        load_habits(str(binary))


# --- the command ---


def run(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def test_the_command_prints_one_document_and_the_same_again() -> None:
    first, again = (run("--filings", "60", "--seed", "3", "--json") for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == again.stdout
    report = json.loads(first.stdout)
    assert (report["started"], report["seed"], report["year"]) == (60, 3, 2026)
    assert report["reviewers"]["needed"][0]["share"] == 0.95
    assert "2026-12: " in first.stderr


def test_the_command_prints_tables() -> None:
    ran = run("--filings", "60", "--reviewers", "2")
    assert ran.exit_code == 0, ran.output
    for word in (
        "备案成功",
        "管局审核",
        "排队高峰",
        "95.0% 的初审在 2 个工作日内完成",
        "最忙的日子",
    ):
        assert word in ran.stdout


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    file = habits_file(tmp_path, "reviewers: {minuts: 3}")
    assert run("--habits", file).exit_code == 2
    assert run("--year", "1999").exit_code == 2
    assert run("--filings", "0").exit_code == 2
    assert run("--reviewers", "0").exit_code == 2
