"""Which numbers are shown, in the registry: written twice, late, and found by any of its names."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from filing.display import (
    DisplayState,
    DisplayStatus,
    aftermath_of,
    begin_display,
    display_transition,
    plan,
)
from filing.display_view import display_answer
from filing.model import CHINA
from filing.process.events import Message
from filing.process.state import State
from gateways.calendar import packaged_arrangement
from gateways.displays import DisplayRegistry
from gateways.registry import Registry

GRANTED = datetime(2026, 11, 24, 15, tzinfo=CHINA)


@pytest.fixture
def displays(registry: Registry) -> DisplayRegistry:
    return DisplayRegistry(registry)


@pytest.fixture
def waiting(new_state: Callable[..., State], uid: str) -> DisplayState:
    state = new_state(status="approved", filing_number=f"苏ICP备{uid}号-1X", entered_at=GRANTED)
    aftermath = aftermath_of(state)
    assert aftermath is not None
    assert aftermath.begins is not None
    return begin_display(aftermath.begins, plan(GRANTED, 0, packaged_arrangement()), GRANTED).state


def later(state: DisplayState, name: str, payload: dict[str, str]) -> DisplayState:
    at = GRANTED + timedelta(days=1)
    return display_transition(state, Message(name=name, args=(payload,), at=at)).state


async def rows(registry: Registry, state: DisplayState) -> list[tuple[object, ...]]:
    found = await registry.pool.fetch(
        "select status, sequence, displayed_at, displayed_by, closed_at from displays"
        " where number = $1",
        state.duty.number,
    )
    return [tuple(row) for row in found]


async def test_what_was_shown_and_when_is_on_record_once(
    registry: Registry, displays: DisplayRegistry, waiting: DisplayState
) -> None:
    assert await displays.of_number(waiting.duty.number) is None
    await displays.write(waiting)
    assert await rows(registry, waiting) == [("waiting", 1, None, None, None)]
    shown = later(waiting, "displayed", {"by": "li.na", "note": "首页\0底部"})
    await asyncio.gather(*(displays.write(shown) for _ in range(3)))
    at = GRANTED + timedelta(days=1)
    assert await rows(registry, shown) == [("displayed", 2, at, "li.na", at)]
    found = await displays.of_number(shown.duty.number)
    assert found is not None
    assert found.model_dump(exclude={"note", "timeline"}) == display_answer(shown).model_dump(
        exclude={"note", "timeline"}
    )


async def test_the_record_never_goes_back(
    registry: Registry, displays: DisplayRegistry, waiting: DisplayState
) -> None:
    cancelled = later(waiting, "number_cancelled", {"by": "ops"})
    await displays.write(cancelled)
    await displays.write(waiting)
    [(status, *_, displayed_by, closed_at)] = await rows(registry, waiting)
    assert (status, displayed_by) == ("cancelled", None)
    assert closed_at is not None


async def test_it_is_found_by_every_name(displays: DisplayRegistry, waiting: DisplayState) -> None:
    await displays.write(waiting)
    duty = waiting.duty
    for name in (duty.number, f"display-{duty.number}", duty.uid, duty.filing_id, duty.appid):
        found = await displays.find(name)
        assert found is not None, name
        assert found.number == duty.number
    assert await displays.find("wx0000000000000000") is None


async def test_of_several_the_one_that_is_waited_for_is_found(
    displays: DisplayRegistry, waiting: DisplayState
) -> None:
    ended = later(waiting, "displayed", {"by": "li.na"})
    newer = ended.model_copy(
        update={
            "duty": waiting.duty.model_copy(update={"number": f"{waiting.duty.number}2"}),
            "started_at": GRANTED + timedelta(days=300),
        }
    )
    await displays.write(waiting)
    await displays.write(newer)
    found = await displays.find(waiting.duty.appid)
    assert found is not None
    assert found.status is DisplayStatus.WAITING
    await displays.write(ended)
    found = await displays.find(waiting.duty.appid)
    assert found is not None
    assert found.number == newer.duty.number
