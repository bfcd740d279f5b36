"""What the contract says of settings reaches the rules: by the worker's own wiring, without a server."""

from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment
from temporalio.worker import PollerBehaviorAutoscaling

import worker
from activities.filing import CheckOrder, FilingActivities, Opening, RecordOrder
from filing.application import Application
from filing.holdings import Claim, Holdings
from filing.model import CHINA
from filing.process.events import Message, Record, Recorded
from filing.process.state import State
from filing.process.transition import begin, transition
from filing.records import Entry, Told
from filing.vocabulary import AuthorityMode, Status
from gateways.calendar import packaged_arrangement
from gateways.materials import materials_store
from gateways.registry import Registry
from operations.applications import examine_files, store_materials
from operations.examples import write_example
from settings import Settings
from tests.filing.process_play import RETURN, china

TODAY = datetime(2026, 11, 24, 10, tzinfo=CHINA)


OPENS = Opening(filing_id="filing-wx1", uid="run-1")


class NoRegistry:
    """Knows no imported calendar and keeps nothing."""

    pool = None
    written: tuple[Entry, ...] = ()

    async def close(self) -> None: ...

    async def write(self, state: Any, entries: tuple[Entry, ...], told: Told) -> tuple[int, ...]:
        self.written += entries
        return ()

    async def instants(self, uid: str, entries: tuple[Entry, ...]) -> dict[int, datetime]:
        return {}

    async def claim(self, opening: State) -> Claim:
        return Claim(granted=True)

    async def holdings(self, application: Application) -> Holdings:
        return Holdings()


class PackagedCalendar:
    def __init__(self, registry: Registry) -> None: ...

    async def arrangement(self) -> Any:
        return packaged_arrangement()


class Built(Exception):
    """What the worker was to be built of; it is not built, for there is no server."""

    def __init__(self, client: Client, **given: Any) -> None:
        self.given = given


def _build(client: Client, **given: Any) -> None:
    raise Built(client, **given)


async def activities(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FilingActivities:
    """The filing's activities, as `worker.py` builds them of the settings."""
    monkeypatch.setattr(worker, "Worker", _build)
    monkeypatch.setattr(worker, "RegistryCalendar", PackagedCalendar)
    registry = cast(Registry, NoRegistry())
    with pytest.raises(Built) as built:
        async with worker.running_worker(settings, cast(Client, None), registry):
            pass
    assert built.value.given["task_queue"] == "filings"
    # A set number would leave a fifth of the pollers to all filings that are not in the cache.
    assert built.value.given["workflow_task_poller_behavior"] == PollerBehaviorAutoscaling()
    owner = built.value.given["activities"][0].__self__
    assert isinstance(owner, FilingActivities)
    return owner


def by_hand(home: Path) -> Settings:
    return Settings(home=home, authority=AuthorityMode.MANUAL)


async def stored(home: Path, name: str, today: datetime) -> Application:
    file = write_example("new-organisation", home / name, today.date())
    examined = next(examine_files([str(file)], today.date()))
    assert examined.valid
    return await store_materials(examined, materials_store(Settings(home=home)))


@pytest.mark.parametrize(("value", "automatic"), [("automatic", True), ("manual", False)])
async def test_automatic_review_passes_what_passes_every_check_without_a_warning(
    value: str, automatic: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEIAN_PLATFORM_REVIEW", value)
    ours = await activities(by_hand(tmp_path), monkeypatch)
    right = await stored(tmp_path, "right", TODAY)
    checked = await ours.check_application(
        CheckOrder(application=right.model_dump(mode="json"), at=TODAY, opens=OPENS)
    )
    assert (checked.problems, checked.automatic) == ((), automatic)
    # A paper that is not in the store is a fault: it does not pass by itself.
    bare = right.model_copy(
        update={"materials": tuple(m.model_copy(update={"sha256": None}) for m in right.materials)}
    )
    doubted = await ours.check_application(
        CheckOrder(application=bare.model_dump(mode="json"), at=TODAY, opens=OPENS)
    )
    assert doubted.problems
    assert not doubted.automatic


async def test_a_warning_leaves_an_automatic_review_to_a_reviewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEIAN_PLATFORM_REVIEW", "automatic")
    ours = await activities(by_hand(tmp_path), monkeypatch)
    right = await stored(tmp_path, "right", TODAY)
    odd = right.mini_program.model_copy(update={"name": "昆山示例小程序"})
    warned = await ours.check_application(
        CheckOrder(
            application=right.model_copy(update={"mini_program": odd}).model_dump(mode="json"),
            at=TODAY,
            opens=OPENS,
        )
    )
    assert {problem.severity for problem in warned.problems} == {"warning"}
    assert not warned.automatic


@pytest.mark.parametrize(
    ("wanted", "severities"), [("error", {"error"}), ("warning", {"warning"}), ("off", set())]
)
async def test_what_an_operator_wants_of_a_rule_reaches_the_worker(
    wanted: str, severities: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEIAN_CHECKS", f"name.generic={wanted}")
    ours = await activities(by_hand(tmp_path), monkeypatch)
    right = await stored(tmp_path, "right", TODAY)
    odd = right.mini_program.model_copy(update={"name": "昆山示例小程序"})
    sent = right.model_copy(update={"mini_program": odd}).model_dump(mode="json")
    checked = await ours.check_application(CheckOrder(application=sent, at=TODAY, opens=OPENS))
    assert {problem.severity for problem in checked.problems} == severities


@pytest.mark.parametrize(
    ("set_to", "due_at"), [(None, china(1, 9, year=2027)), ("10", china(12, 5))]
)
async def test_the_days_for_a_correction_are_45_or_what_is_set(
    set_to: str | None, due_at: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if set_to is not None:
        monkeypatch.setenv("BEIAN_CORRECTION_DAYS", set_to)
    ours = await activities(by_hand(tmp_path), monkeypatch)
    application = await stored(tmp_path, "right", TODAY)
    begun = begin(application, "filing-x", "run-1", AuthorityMode.MANUAL, TODAY)
    step = transition(begun.state, Message(name="platform_decision", args=(RETURN,), at=TODAY))
    assert step.state.status is Status.CORRECTION
    [record] = [effect for effect in step.effects if isinstance(effect, Record)]
    order = RecordOrder(state=step.state, record=record, at=TODAY)
    recorded = await ActivityEnvironment().run(ours.record, order)
    assert isinstance(recorded, Recorded)
    assert recorded.window is not None
    assert recorded.window.due_at == due_at


async def test_a_worker_keeps_as_many_filings_as_its_cache_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEIAN_WORKER_CACHE", "16")
    monkeypatch.setattr(worker, "Worker", _build)
    with pytest.raises(Built) as built:
        async with worker.running_worker(
            by_hand(tmp_path), cast(Client, None), cast(Registry, NoRegistry())
        ):
            pass
    assert built.value.given["max_cached_workflows"] == 36
