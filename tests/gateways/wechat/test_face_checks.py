"""The face check before a new filing is applied for, against the served sandbox."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from filing.application import OnFile
from filing.authority import AuthorityReport, Standing
from gateways.authority import AuthorityUnavailable
from gateways.registry import Registry
from gateways.submissions import Round, SubmissionLedger
from gateways.wechat.client import APPLY
from gateways.wechat.face_checks import needs_face_check
from tests.gateways.wechat.house import House, served
from tests.sandbox.wechat_client import APPID, LI, MemoryMaterials, organisation


@pytest.fixture
async def manned(tmp_path: Path, registry: Registry, uid: str) -> AsyncIterator[House]:
    """A sandbox whose administrator does nothing by himself."""
    async with served(tmp_path / "sandbox.sqlite", registry, uid, faces="manual") as house:
        yield house


async def tasks(house: House) -> list[dict[str, Any]]:
    """The newest first."""
    reply = await house.client.http.get(f"/sandbox/faces/{APPID}")
    found: list[dict[str, Any]] = reply.json()["faces"]
    return found


async def administrator(house: House, result: str) -> None:
    reply = await house.client.http.post(f"/sandbox/faces/{APPID}", json={"result": result})
    reply.raise_for_status()


async def submitted(house: House) -> AuthorityReport:
    return await house.submit(organisation(house.materials))


async def asked_for(house: House) -> str:
    """The task that is to be passed now."""
    report = await submitted(house)
    assert report.standing is Standing.FACE_CHECK
    assert report.face_check is not None
    return report.face_check.task_id


async def test_where_it_passes_at_once_the_application_goes_at_once(
    tmp_path: Path, registry: Registry, uid: str
) -> None:
    async with served(tmp_path / "s.sqlite", registry, uid, faces="automatic") as house:
        assert (await submitted(house)).standing is Standing.CHECKING
        assert len(await tasks(house)) == 1
        assert await house.applications() == 1


async def test_it_is_asked_for_once_all_else_is_ready_and_waited_for(manned: House) -> None:
    task = await asked_for(manned)
    uploaded = len(manned.materials.reads)
    assert uploaded == 6
    for result in ("start", "retry", "start"):  # a failed try may be repeated from the same notice
        await administrator(manned, result)
        assert await asked_for(manned) == task
    assert await manned.applications() == 0
    await administrator(manned, "pass")
    assert (await submitted(manned)).standing is Standing.CHECKING
    assert len(manned.materials.reads) == uploaded, "files are uploaded once in a round"
    assert [t["task_id"] for t in await tasks(manned)] == [task]
    assert await manned.applications() == 1


async def test_its_notice_ends_after_a_day(manned: House) -> None:
    check = (await submitted(manned)).face_check
    assert check is not None
    (task,) = await tasks(manned)
    assert abs(check.expires_at.timestamp() - task["notice_until"]) < 60
    assert check.link is None


@pytest.mark.parametrize("result", ["fail", "expire"])
async def test_one_that_failed_or_ran_out_is_followed_by_another(
    manned: House, result: str
) -> None:
    first = await asked_for(manned)
    await administrator(manned, result)
    second = await asked_for(manned)
    assert second != first
    assert await asked_for(manned) == second
    await administrator(manned, "pass")
    assert (await submitted(manned)).standing is Standing.CHECKING
    assert len(await tasks(manned)) == 2
    assert await manned.applications() == 1


@pytest.mark.parametrize(
    ("passed", "age", "renewed"),
    [
        (False, timedelta(hours=23), False),
        (False, timedelta(hours=25), True),
        (True, timedelta(days=2, hours=23), False),
        (True, timedelta(days=3), True),
    ],
)
async def test_a_notice_is_good_for_a_day_and_a_passed_check_for_three(
    manned: House,
    owner: asyncpg.Connection,
    passed: bool,
    age: timedelta,
    renewed: bool,
) -> None:
    first = await asked_for(manned)
    if passed:
        await administrator(manned, "pass")
    await owner.execute(
        "update face_checks set created_at = created_at - $1::interval where task_id = $2",
        age,
        first,
    )
    if passed and not renewed:
        assert (await submitted(manned)).standing is Standing.CHECKING
    else:
        assert (await asked_for(manned) != first) is renewed


async def test_of_two_that_were_begun_at_once_either_may_be_passed(
    manned: House, registry: Registry
) -> None:
    first = await asked_for(manned)
    # As another attempt does that had asked for the face checks of the round before this one's was kept.
    second = (await manned.client.post("create_icp_verifytask"))["task_id"]
    ledger = SubmissionLedger(registry)
    await ledger.face_check_begun(Round(manned.uid, 1, APPID), second, None)
    assert await asked_for(manned) == first, "one is told of"
    await administrator(manned, "pass")  # the newest, of which they do not tell
    assert (await submitted(manned)).standing is Standing.CHECKING
    assert await manned.applications() == 1


async def test_every_round_has_its_own(manned: House) -> None:
    await asked_for(manned)
    await administrator(manned, "pass")
    await submitted(manned)
    await manned.client.control(status=3)
    report = await manned.submit(organisation(manned.materials), 2)
    assert report.standing is Standing.FACE_CHECK
    assert len(await tasks(manned)) == 2


async def test_none_is_begun_on_a_day_without_quota(manned: House) -> None:
    async def quota(daily: int | None) -> None:
        limit = {"path": APPLY, "daily": daily}
        (await manned.client.http.post("/sandbox/quota", json=limit)).raise_for_status()

    await manned.client.post("apply_icp_filing", json={})  # refused, and counted
    await quota(1)
    with pytest.raises(AuthorityUnavailable, match="quota"):
        await submitted(manned)
    assert await tasks(manned) == []
    await quota(2)
    await asked_for(manned)


async def test_a_limit_of_nought_is_none(manned: House) -> None:
    """So the platform's own example of an answer has it, of a path that can be called."""
    limit = {"path": APPLY, "daily": 0}
    (await manned.client.http.post("/sandbox/quota", json=limit)).raise_for_status()
    await asked_for(manned)


async def test_none_is_begun_where_the_names_are_not_listed_or_the_entry_is_closed(
    manned: House,
) -> None:
    unlisted = organisation(manned.materials, subject={"type": "foundation"})
    assert (await manned.submit(unlisted)).standing is Standing.RETURNED
    await manned.client.control(available=0)
    assert not (await submitted(manned)).available
    assert await tasks(manned) == []


async def test_switched_off_none_is_begun(tmp_path: Path, registry: Registry, uid: str) -> None:
    async with served(tmp_path / "s.sqlite", registry, uid, face_check=False) as house:
        assert (await submitted(house)).standing is Standing.CHECKING
        assert await tasks(house) == []


def test_it_is_asked_of_whoever_newly_answers_for_a_mini_program() -> None:
    new = organisation(MemoryMaterials())
    on_file = OnFile(mini_program=new.mini_program, subject=new.subject)
    change = organisation(MemoryMaterials(), kind="change_mini_program").model_copy(
        update={"on_file": on_file}
    )
    other = organisation(MemoryMaterials(), mini_program={"principal": LI}).mini_program
    assert needs_face_check(new)
    assert not needs_face_check(change)
    assert needs_face_check(change.model_copy(update={"mini_program": other}))
    assert not needs_face_check(organisation(MemoryMaterials(), kind="change_subject"))
    assert not needs_face_check(organisation(MemoryMaterials(), kind="cancel_mini_program"))
