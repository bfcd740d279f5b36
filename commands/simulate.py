"""For capacity planning: an agency's year, played in memory by the same process as real filings."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from commands.console import (
    Exit,
    Json,
    err,
    fail,
    line,
    plain,
    print_json,
    print_table,
    settings,
    text_option,
)
from filing.vocabulary import STATUS_LABELS
from filing.windows import WindowTerms

if TYPE_CHECKING:
    from operations.simulation.habits import Habits
    from operations.simulation.report import Peak, Report

app = typer.Typer()

MOST_FILINGS = 500_000
"""A year's filing numbers have six digits."""
MOST_REVIEWERS = 10_000
_SEED_BITS = 63


@app.command()
def simulate(
    filings: Annotated[
        int,
        typer.Option(min=1, max=MOST_FILINGS, metavar="N", help="Filings that start in the year."),
    ] = 70_000,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=2**_SEED_BITS, metavar="SEED", help="The same seed gives the same report."
        ),
    ] = 7,
    year: Annotated[int, typer.Option(metavar="YEAR", help="Whose holidays are played.")] = 2026,
    reviewers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_REVIEWERS,
            metavar="N",
            help="Reviewers of the platform; default: as many as are busy on an average day.",
        ),
    ] = None,
    habits: Annotated[
        str | None,
        text_option("--habits", "FILE", "Habits of people and bureaus (YAML); docs/simulation.md."),
    ] = None,
    json_: Json = False,
) -> None:
    """Play a year of invented filings and tell what operations would see. Needs no service.

    Every filing goes through the process of real filings; how people behave is assumed: see
    docs/simulation.md before you plan with it.
    """
    from gateways.calendar import packaged_arrangement
    from operations.simulation.run import Plan, simulate

    # The pace of status checks is production's: a demo's would hide what waiting for them costs.
    terms = WindowTerms(correction_days=settings().terms.correction_days)
    behaviour = _habits(habits)
    arrangement = packaged_arrangement()
    years = {day.year for day in arrangement.holidays}
    first, last = min(arrangement.published_years), max(years) - 1
    if not first <= year <= last:
        raise typer.BadParameter(f"the calendar knows {first} to {last}", param_hint="--year")
    plan = Plan(filings, seed, year, reviewers, behaviour, terms, arrangement)
    report = simulate(plan, progress=_progress)
    if json_:
        print_json(report)
    else:
        _print_report(report)


def _habits(file: str | None) -> "Habits":
    from operations.simulation.habits import Habits, WrongHabits, load_habits

    if file is None:
        return Habits()
    try:
        return load_habits(file)
    except WrongHabits as error:
        fail(str(error), Exit.USAGE)


def _progress(day: date, started: int, total: int) -> None:
    if day.day == 1:
        err().print(plain(f"{day:%Y-%m}: {started:,} of {total:,} filings"), style="dim")


def _print_report(report: "Report") -> None:
    _print_outcomes(report)
    _print_reviewers(report)
    _print_stages(report)
    _print_notices(report)
    _print_busiest(report)
    calendar = report.calendar
    announced = "" if calendar.announced else ";该年放假安排尚未公布"
    line(
        (f"calendar: {calendar.version};{calendar.working_days} 个工作日{announced};", "dim"),
        (f"暂定期限 {calendar.provisional_windows:,} 个", "dim"),
    )
    line(
        (
            f"{report.events:,} events, {report.entries:,} registry entries; seed {report.seed}; ",
            "dim",
        ),
        ("habits are assumptions: docs/simulation.md", "dim"),
    )


def _print_outcomes(report: "Report") -> None:
    line(
        (f"{report.year} 年模拟", "bold"),
        f":启动 {report.started:,},结束 {report.ended:,},年末在办 {report.open:,};",
        f"在办高峰 {_peak(report.open_peak)}",
    )
    print_table(
        ("状态", "件数", "占比"),
        [
            (STATUS_LABELS[status], f"{count:,}", _percent(count / report.started))
            for status, count in report.by_status.items()
        ],
    )
    total = report.total
    line(
        f"从受理到备案成功:中位 {_days(total.median_working_days)},",
        f"95% 在 {_days(total.p95_working_days)}内;",
        f"一次通过率 {_percent(report.first_time_approval)}",
        f"(首轮平台初审通过 {_percent(report.first_review_passed)})",
    )
    rounds = "、".join(f"{n} 轮 {count:,}" for n, count in report.rounds.items())
    line(f"已结束备案的轮数:{rounds or '无'}")
    refusals = "、".join(f"{code} {count:,}" for code, count in report.refusals.items())
    line(
        f"短信核验超时 {report.sms_lapses:,} 次;暂停 {report.holds:,} 件;",
        f"被拒绝的消息:{refusals or '无'}",
    )


def _print_reviewers(report: "Report") -> None:
    desk = report.reviewers
    line()
    line(
        ("平台初审 reviewers", "bold"),
        f":{desk.count} 人,每人每小时 {desk.reviews_per_hour:g} 件,",
        f"工时占用 {_percent(desk.utilisation)};排队高峰 {_peak(desk.queue_peak)};",
        f"{_percent(desk.share_in_time)} 在期限内完成",
    )
    for needed in desk.needed:
        people = "再多人也不够" if needed.reviewers is None else f"{needed.reviewers} 人"
        line(f"  {_percent(needed.share)} 的初审在 2 个工作日内完成,需要 {people}")


def _print_stages(report: "Report") -> None:
    print_table(
        (
            "环节",
            "进入",
            "年末在办",
            "高峰",
            "逾期",
            "逾期率",
            "中位",
            "95%",
            "中位(时)",
            "95%(时)",
        ),
        [
            (
                STATUS_LABELS[stage.stage],
                f"{stage.entered:,}",
                f"{stage.open:,}",
                f"{stage.peak.count:,}",
                f"{stage.overdue:,}",
                _percent(stage.overdue_share),
                _days(stage.median_working_days),
                _days(stage.p95_working_days),
                _number(stage.median_hours),
                _number(stage.p95_hours),
            )
            for stage in report.stages
        ],
    )


def _print_notices(report: "Report") -> None:
    print_table(
        ("通知 notice", "收件方", "件数"),
        [(n.purpose, n.audience, f"{n.count:,}") for n in report.notices],
    )


def _print_busiest(report: "Report") -> None:
    print_table(
        ("最忙的日子", "启动", "进入初审", "初审完成", "结束", "通知"),
        [
            (
                day.day.isoformat(),
                *(
                    f"{count:,}"
                    for count in (day.started, day.reviews, day.decided, day.ended, day.notices)
                ),
            )
            for day in report.busiest
        ],
    )


def _peak(peak: "Peak") -> str:
    return f"{peak.count:,} 件" + (f"({peak.at:%m-%d %H:%M})" if peak.at else "")


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


def _days(count: int | None) -> str:
    return "—" if count is None else f"{count} 个工作日"
