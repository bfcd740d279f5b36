"""Reading the registry: lists, and one filing by any of its names."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from filing.process.state import State
from filing.records import ListQuery
from gateways.registry import Registry

NewState = Callable[..., State]


def window(state: State, days: int, *, provisional: bool = False) -> dict[str, Any]:
    return {
        "stage": "platform_review",
        "round": 1,
        "start": state.started_at,
        "due_at": state.started_at + timedelta(days=days),
        "provisional": provisional,
        "calendar": "test",
    }


@pytest.fixture
async def filings(registry: Registry, new_state: NewState, uid: str) -> str:
    """Four filings of a province of this test's own; gives the province."""
    base, province = new_state(), f"{uid}省"
    stands: tuple[dict[str, Any], ...] = (
        {"window": window(base, 3)},
        {"window": window(base, 1, provisional=True), "overdue": True},
        {"status": "correction", "round": 2},
        {"status": "approved", "filing_number": "苏ICP备2026000001号-1X", "sequence": 7},
    )
    for number, fields in enumerate(stands):
        await registry.write(new_state(uid=f"{uid}-{number}", province=province, **fields), ())
    return province


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [1, 0, 2]),
        ({"open_only": False}, [1, 0, 2, 3]),
        ({"open_only": False, "status": "approved"}, [3]),
        ({"status": "approved"}, []),
        ({"kind": "new"}, [1, 0, 2]),
        ({"kind": "cancel_access"}, []),
        ({"waiting_for": "applicant"}, [2]),
        ({"waiting_for": "platform"}, [1, 0]),
        ({"overdue": True}, [1]),
        ({"overdue": False}, [0, 2]),
        ({"limit": 1}, [1]),
    ],
)
async def test_list_gives_what_fits_the_next_deadline_first(
    registry: Registry, filings: str, uid: str, filters: dict[str, Any], expected: list[int]
) -> None:
    found = await registry.list_filings(ListQuery(province=filings, **filters))
    assert [f.uid for f in found] == [f"{uid}-{n}" for n in expected]


async def test_list_by_deadline_and_what_it_shows(
    registry: Registry, filings: str, new_state: NewState
) -> None:
    before = new_state().started_at + timedelta(days=2)
    (filing,) = await registry.list_filings(ListQuery(province=filings, due_before=before))
    assert filing.model_dump(mode="json", exclude={"uid", "province"}) == {
        "filing_id": new_state().filing_id,
        "kind": "new",
        "applicant_type": "enterprise",
        "mini_program": "昆山示例商城",
        "status": "platform_review",
        "status_label": "平台初审",
        "round": 1,
        "waiting_for": "platform",
        "entered_at": "2026-11-24T10:00:00+08:00",
        "due_at": "2026-11-25T10:00:00+08:00",
        "overdue": True,
        "provisional": True,
        "filing_number": None,
        "held": False,
        "held_by_authority": False,
        "agency": None,
        "customer": None,
    }


async def test_a_filing_is_found_by_uid_workflow_id_and_appid(
    registry: Registry, new_state: NewState, uid: str
) -> None:
    base = new_state()
    day = timedelta(days=1)
    closed = {"status": "withdrawn", "sequence": 4}
    await registry.write(new_state(uid=f"{uid}-a", **closed), ())
    await registry.write(new_state(uid=f"{uid}-b", started_at=base.started_at + day, **closed), ())
    assert await registry.find("nobody") is None

    async def found(name: str) -> str | None:
        record = await registry.find(name)
        return record.uid if record else None

    appid = base.application.mini_program.appid
    # All closed: the latest one.
    assert [await found(n) for n in (base.filing_id, appid)] == [f"{uid}-b"] * 2
    await registry.write(new_state(uid=f"{uid}-c", started_at=base.started_at - day), ())
    # One open: that one, though it began earlier.
    assert [await found(n) for n in (base.filing_id, appid)] == [f"{uid}-c"] * 2
    assert await found(f"{uid}-a") == f"{uid}-a"
    record = await registry.find(appid)
    assert record is not None
    assert (record.filing_id, record.appid, record.closed_at) == (base.filing_id, appid, None)
    assert record.updated_at.utcoffset() == timedelta(hours=8)
