"""The stack inside this process: its services, and its worker."""

import json
import os
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr

from embedded.errors import StackError
from embedded.stack import Stack, StackOptions, running_stack
from filing.vocabulary import AuthorityMode
from gateways.discovery import read_up
from settings import Settings
from tests.embedded.supervisor import alive, eventually, temporary_home

WORKER = Path(__file__).with_name("stand_in_worker.py")
BROKEN_WORKER = Path(__file__).with_name("broken_worker.py")


async def test_a_worker_that_ends_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []

    def another(stack: Stack, than: int) -> bool:
        return stack.worker.pid != than and bool(alive([stack.worker.pid]))

    async with temporary_home(tmp_path) as home:
        options = StackOptions(home, port_base=0, worker_script=WORKER)
        async with running_stack(options, Settings(), told.append) as stack:
            first = stack.worker.pid
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: another(stack, than=first), within=10)
            assert any("the worker ended with exit code -9" in text for text in told)

            second = stack.worker.pid
            await stack.worker.kill_worker()
            assert not alive([second])
            await stack.worker.start_worker()
            third = stack.worker.pid
            assert third != second
            assert alive([third])
            pids = [*stack.pids.values(), third]
            assert len(alive(pids)) == 3
        assert not alive(pids)


async def test_the_users_settings_win_over_the_stacks_own(tmp_path: Path) -> None:
    settings = Settings(
        wechat_base_url="http://authority.test",
        notify_operations="json://127.0.0.1:1/",
        poll_first=5,
    )
    async with temporary_home(tmp_path) as home:
        options = StackOptions(home, port_base=0, time_travel=True, worker_script=WORKER)
        async with running_stack(options, settings, lambda _: None) as stack:
            assert stack.info.time_travel
            worker = json.loads((home / "worker-environment.json").read_text())
    assert "BEIAN_WECHAT_BASE_URL" not in worker
    assert "BEIAN_NOTIFY_OPERATIONS" not in worker
    assert "BEIAN_NOTIFY_APPLICANT" in worker
    assert "BEIAN_POLL_FIRST" not in worker
    assert worker["BEIAN_POLL_LONGEST"] == "86400"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (Settings(authority=AuthorityMode.MANUAL), "nothing is pushed"),
        (
            Settings(
                authority=AuthorityMode.WECHAT,
                wechat_component_appid="wxc0ffee0000000009",
                wechat_component_secret=SecretStr("a secret"),
                wechat_component_ticket=SecretStr("a ticket"),
            ),
            "BEIAN_WECHAT_TOKEN and BEIAN_WECHAT_ENCODING_AES_KEY",
        ),
    ],
    ids=lambda value: value.authority.value if isinstance(value, Settings) else "",
)
async def test_without_keys_of_its_own_it_receives_nothing_and_says_so(
    tmp_path: Path, settings: Settings, why: str
) -> None:
    told: list[str] = []
    async with temporary_home(tmp_path) as home:
        options = StackOptions(home, port_base=0, worker=False)
        async with running_stack(options, settings, told.append) as stack:
            assert stack.info.receiver is None
    [said] = [text for text in told if text.startswith("no receiver")]
    assert why in said


async def test_a_worker_that_cannot_start_says_why_and_nothing_is_left(tmp_path: Path) -> None:
    async with temporary_home(tmp_path) as home:
        options = StackOptions(home, port_base=0, worker_script=BROKEN_WORKER)
        with pytest.raises(StackError, match=r"(?s)worker.log.*BEIAN_CORRECTION_DAYS"):
            async with running_stack(options, Settings(), lambda _: None):
                pass
        assert read_up(home) is None
        # Free for the next: the lock was let go of by every child.
        options = StackOptions(home, port_base=0, worker=False)
        async with running_stack(options, Settings(), lambda _: None) as stack:
            assert read_up(home) == stack.info
            with pytest.raises(StackError, match="without a worker"):
                _ = stack.worker.pid
