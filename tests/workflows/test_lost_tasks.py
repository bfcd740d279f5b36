"""What a worker had written down when it died is done again, and stays one story."""

import asyncio
import time
from pathlib import Path

from filing.vocabulary import Status
from operations.filings import show
from tests.own_stack import own_stack, until
from tests.playing import Filing, eventually

APPROVE = {"outcome": "approve", "reviewer": "li.na"}


def stopping_worker(folder: Path) -> Path:
    """A worker program that stops after each write to the registry while `folder/stop` exists."""
    script = folder / "stopping_worker.py"
    script.write_text(
        f"""import asyncio, pathlib, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import worker
from gateways.registry import Registry
write = Registry.write
async def write_and_stop(*args):
    written = await write(*args)
    while pathlib.Path({str(folder / "stop")!r}).exists():
        await asyncio.sleep(0.05)
    return written
Registry.write = write_and_stop
if __name__ == "__main__":
    worker.main()
""",
        encoding="utf-8",
    )
    return script


async def recorded(filing: Filing, **fields: object) -> None:
    """Wait until the registry shows these of the filing."""
    end = time.monotonic() + 20
    while True:
        record = await filing.services.registry.find(filing.uid)
        if record is not None and record.view.items() >= fields.items():
            return
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_what_was_written_by_a_task_that_is_lost_happened_when_it_says(
    tmp_path: Path,
) -> None:
    async with own_stack(tmp_path, worker_script=stopping_worker(tmp_path)) as own:
        filing = await own.begin()
        await filing.player.until(Status.PLATFORM_REVIEW)
        stop = tmp_path / "stop"
        stop.touch()
        await filing.player.signal("platform_decision", APPROVE)
        await recorded(filing, status=Status.SUBMISSION)
        first = (await filing.services.registry.events(filing.uid))[-1]
        await own.stack.worker.kill_worker()
        stop.unlink()
        await own.stack.worker.start_worker()
        await until(filing, Status.SUBMISSION)
        answer = await eventually(filing, lambda a: a.due_at is not None)
        assert (answer.timeline[-1].at, answer.entered_at) == (first.at, first.at)
        await filing.player.handed_over()
        # Read again from its history, it tells the same.
        await own.stack.worker.kill_worker()
        await own.stack.worker.start_worker()
        again = await until(filing, Status.SUBMISSION)
        assert again.timeline == answer.timeline
        shown = await show(filing.uid, filing.services)
        assert [(e.sequence, e.at, e.note) for e in shown.events] == [
            (n, t.at, t.note) for n, t in enumerate(again.timeline, start=1)
        ]
        record = await filing.services.registry.find(filing.uid)
        assert record is not None
        assert record.view == again.model_dump(mode="json")


async def test_what_a_lost_task_had_told_in_another_order_is_superseded(tmp_path: Path) -> None:
    async with own_stack(tmp_path, worker_script=stopping_worker(tmp_path)) as own:
        filing = await own.begin()
        seen = await filing.player.until(Status.PLATFORM_REVIEW)
        assert seen.due_at is not None
        ahead = seen.due_at - await filing.player.time()
        await filing.player.pass_time(seconds=ahead.total_seconds() - 60)
        await eventually(filing, lambda a: not a.overdue)
        stop = tmp_path / "stop"
        stop.touch()
        passing = asyncio.create_task(filing.player.pass_time(minutes=2))
        await recorded(filing, overdue=True)
        await own.stack.worker.kill_worker()
        # By the time the task is done again a decision has come, which goes before the clock.
        await filing.player.signal("platform_decision", APPROVE)
        stop.unlink()
        await own.stack.worker.start_worker()
        await passing
        await until(filing, Status.SUBMISSION)
        answer = await eventually(filing, lambda a: a.due_at is not None)
        shown = await show(filing.uid, filing.services)
        told = [e for e in shown.events if not e.superseded]
        notes = [(t.at, t.note) for t in answer.timeline]
        assert [(e.at, e.note) for e in told if e.purpose == "transition"] == notes
        assert [e.sequence for e in told] == list(range(1, len(told) + 1))
        assert [e.purpose for e in shown.events if e.superseded] == ["overdue"]
        assert (answer.refused_count, answer.overdue) == (0, False)
        assert "trouble" not in [notice.purpose for notice in shown.notices]
        await recorded(filing, status=Status.SUBMISSION, overdue=False)
