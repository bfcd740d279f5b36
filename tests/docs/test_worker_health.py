"""The worker's health check: against made-up pollers, and against a real worker."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.taskqueue.v1 import PollerInfo

from deploy.worker_health import FRESH, check, main, polls, silent
from embedded.stack import Stack
from operations.services import Services

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def poller(identity: str, ago: timedelta) -> PollerInfo:
    info = PollerInfo(identity=identity)
    info.last_access_time.FromDatetime(NOW - ago)
    return info


@pytest.mark.parametrize(
    ("identity", "ago", "healthy"),
    [
        ("1@worker-a", timedelta(seconds=59), True),
        ("1@worker-a", FRESH, False),
        ("1@worker-b", timedelta(0), False),
        ("1@other-worker-a", timedelta(0), False),
        ("worker-a", timedelta(0), False),
    ],
)
def test_only_a_fresh_poll_of_this_host_counts(
    identity: str, ago: timedelta, healthy: bool
) -> None:
    assert polls([poller("1@elsewhere", timedelta(0)), poller(identity, ago)], "worker-a", NOW) is (
        healthy
    )


def test_nobody_polls() -> None:
    assert not polls([], "worker-a", NOW)


async def test_a_real_worker_is_heard(
    stack: Stack, stack_home: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEIAN_HOME", str(stack_home))
    assert stack.worker.pid
    async with asyncio.timeout(20):  # its first poll may not have been told of yet
        while await check() != []:  # noqa: ASYNC110  # the server tells only who asks
            await asyncio.sleep(0.1)
    assert await silent(services.client, "another-host") == ["workflow", "activity", "authority"]


def test_exit_codes_say_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main() == 3
    assert "TEMPORAL_ADDRESS" in capsys.readouterr().err
    monkeypatch.setenv("BEIAN_CORRECTION_DAYS", "0")
    assert main() == 2
    assert "BEIAN_CORRECTION_DAYS" in capsys.readouterr().err
