"""The stories of the demo: what is filed, and what happens to it."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from embedded.player import Player
from filing.application import Application
from filing.holdings import Holdings
from filing.vocabulary import CancellationReason, Kind, Status

AHEAD = timedelta(days=30)
"""How long before it holds a change is applied for."""

Next = Callable[[Application, Holdings, date], Application]
"""The next application about what a filing has put on file: that filing's, what the registry holds
now, and the day."""


@dataclass(frozen=True)
class Story:
    """One filing: what is told of it, what is filed, and what happens to it.

    `files` is the example and its appid, or for a filing that follows another of the demo what is
    made of what that one has put on file.
    """

    name: str
    title: str
    files: tuple[str, str] | Next
    ends: Status
    play: Callable[[Player], Awaitable[None]]
    follow: "Story | None" = None
    """What is filed about it after its end."""


async def _approved(player: Player) -> None:
    await player.to_sms()
    await player.to_bureau()
    await player.through_bureau(days=9)


async def _rejected(player: Player) -> None:
    await player.to_sms()
    await player.to_bureau()
    await player.pass_time(days=12)
    await player.signal(
        "bureau_decision",
        {
            "outcome": "reject",
            "reviewer": "苏通管局",
            "reasons": [{"field": "mini_program.remark", "reason": "与主体经营范围不符"}],
        },
    )


async def _sms_forgotten(player: Player) -> None:
    await player.to_sms()
    await player.authority(sms_verify_status=3)
    await player.pass_check()
    await player.until(Status.CORRECTION)
    await player.pass_time(days=2)
    await player.signal("resubmit", {"by": "applicant", "reason": "负责人已确认可接收短信"})
    await player.to_sms_from_submission(2)
    await player.to_bureau(2)
    await player.through_bureau(days=6)


async def _returned(player: Player) -> None:
    await player.until(Status.PLATFORM_REVIEW)
    await player.pass_time(hours=30)
    reason = {
        "field": "mini_program.remark",
        "reason": "备注过于笼统",
        "suggestion": "写明记录哪些内容,数据保存在哪里",
    }
    decision = {"outcome": "return", "reviewer": "li.na", "round": 1, "reasons": [reason]}
    await player.signal("platform_decision", decision)
    await player.until(Status.CORRECTION)
    await player.pass_time(days=3)
    corrected = player.application.model_dump(mode="json")
    corrected["mini_program"]["remark"] = (
        "个人使用的记账工具,记录日常收支并按月统计,数据只保存在手机上,不提供交易与支付"
    )
    await player.signal("amend", {"application": corrected, "by": "applicant"})
    await player.to_sms(2)
    await player.to_bureau(2)
    await player.through_bureau(days=15)


async def _went_through(player: Player) -> None:
    await player.to_sms()
    await player.to_bureau()
    await player.through_bureau(days=4)


def _renamed(filed: Application, held: Holdings, today: date) -> Application:
    """Another name. The old data are not in it: `start` takes them from the registry."""
    application = _about(filed, held, Kind.CHANGE_MINI_PROGRAM)
    program = application.mini_program.model_copy(update={"name": "昆山示例新商城"})
    return application.model_copy(
        update={"mini_program": program, "materials": (), "effective_on": today + AHEAD}
    )


def _cancelled(filed: Application, held: Holdings, _today: date) -> Application:
    application = _about(filed, held, Kind.CANCEL_MINI_PROGRAM)
    reason = CancellationReason.NO_LONGER_OPERATED
    return application.model_copy(update={"cancellation_reason": reason})


def _second(filed: Application, held: Holdings, _today: date) -> Application:
    """Another mini program of the same subject, which has a number now."""
    application = _about(filed, held, Kind.NEW)
    program = application.mini_program.model_copy(
        update={
            "appid": "wx1a2b3c4d5e6f7a05",
            "name": "昆山示例门店",
            "remark": "展示本公司在昆山各门店的地址、营业时间与到店活动,不提供交易",
            "service_contents": ("corporate_site",),
        }
    )
    return application.model_copy(
        update={"mini_program": program, "materials": filed.materials, "filing_number": None}
    )


def _about(filed: Application, held: Holdings, kind: Kind) -> Application:
    """An application about what is on file, without papers."""
    assert held.on_file is not None
    assert held.mini_program is not None
    return Application(
        kind=kind,
        mini_program=held.on_file.mini_program,
        subject=held.on_file.subject,
        contact=filed.contact,
        filing_number=held.mini_program.filing_number,
    )


STORIES = (
    Story(
        "approved",
        "企业,通过",
        ("new-organisation", "wx1a2b3c4d5e6f7a01"),
        Status.APPROVED,
        _approved,
        Story("changed", "更名,通过", _renamed, Status.APPROVED, _went_through),
    ),
    Story(
        "rejected",
        "企业,管局不通过",
        ("new-organisation", "wx1a2b3c4d5e6f7a02"),
        Status.REJECTED,
        _rejected,
    ),
    Story(
        "sms-forgotten",
        "企业,短信超时后原样重新提交,通过",
        ("new-organisation", "wx1a2b3c4d5e6f7a03"),
        Status.APPROVED,
        _sms_forgotten,
        Story("second", "同一企业的第二个小程序,通过", _second, Status.APPROVED, _went_through),
    ),
    Story(
        "returned",
        "个人,退回,修改后通过",
        ("new-individual", "wx1a2b3c4d5e6f7a04"),
        Status.APPROVED,
        _returned,
        Story("cancelled", "不再运营,注销", _cancelled, Status.APPROVED, _went_through),
    ),
)
"""Played side by side, each followed by what it is followed by."""


def all_stories() -> Iterator[Story]:
    """Every story, each before what follows it."""
    for story in STORIES:
        here: Story | None = story
        while here is not None:
            yield here
            here = here.follow
