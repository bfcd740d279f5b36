"""Every released shape of the workflow goes on: its saved histories replay with today's code."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from gateways.temporal import data_converter
from settings import Settings
from tests.save_histories import BATCH_MUST_FAIL, FOLDER, MUST_FAIL
from worker import workflow_runner
from workflows.batch import BatchWorkflow
from workflows.display import DisplayWorkflow
from workflows.filing import FilingWorkflow

REFUSED = (MUST_FAIL, BATCH_MUST_FAIL)
SAVED = sorted(path for path in FOLDER.glob("*.json") if path.name not in REFUSED)


def _replayer() -> Replayer:
    return Replayer(
        workflows=[FilingWorkflow, DisplayWorkflow, BatchWorkflow],
        data_converter=data_converter(),
        workflow_runner=workflow_runner(Settings()),
    )


def _history(path: Path) -> WorkflowHistory:
    text = path.read_text()
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


def test_histories_are_saved() -> None:
    assert len(SAVED) >= 3


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
async def test_a_saved_history_replays(path: Path) -> None:
    await _replayer().replay_workflow(_history(path))


@pytest.mark.parametrize("name", REFUSED)
async def test_a_history_that_no_code_of_ours_made_is_refused(name: str) -> None:
    with pytest.raises(NondeterminismError):
        await _replayer().replay_workflow(_history(FOLDER / name))
