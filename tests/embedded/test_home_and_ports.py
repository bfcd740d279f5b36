"""What is refused before anything is started, and in which words."""

import os
import socket
import stat
from dataclasses import astuple
from pathlib import Path

import pytest

from embedded.errors import StackError
from embedded.home import held_lock, prepare_home
from embedded.ports import Ports, choose_ports


def ignore(text: str) -> None:
    """Progress that nobody reads."""


def test_a_home_is_made_private(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "a" / "b")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    home.chmod(0o755)
    (home / "lock").touch()
    assert stat.S_IMODE(prepare_home(home).stat().st_mode) == 0o700


def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(StackError, match="set BEIAN_HOME to a folder that does not exist yet"):
        prepare_home(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    # Root cannot be denied a folder, but nobody can make one below a file.
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"cannot write to .*set BEIAN_HOME"):
        prepare_home(tmp_path / "file" / "home")


async def test_a_home_is_taken_by_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.home.LOCK_PATIENCE", 0.2)
    told: list[str] = []
    async with held_lock(tmp_path, told.append):
        with pytest.raises(StackError, match=rf"another `up` runs .*pid {os.getpid()}\)"):
            async with held_lock(tmp_path, told.append):
                pass
    assert len(told) == 1
    async with held_lock(tmp_path, ignore):
        pass  # free again


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} \(temporal\).*--port-base 0"):
            choose_ports(port)


def test_a_taken_default_port_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("embedded.ports.DEFAULT_PORTS", Ports(0, port, 0, 0, 0))
        with pytest.raises(StackError, match=rf"port {port} \(web ui\).*--port-base 0"):
            choose_ports(None)


def test_free_ports_are_five_different_ones() -> None:
    assert len({*astuple(choose_ports(0))} - {0}) == 5


@pytest.mark.parametrize("base", [-1, 65_532, 70_000])
def test_a_base_without_room_is_refused(base: int) -> None:
    with pytest.raises(StackError, match="from 1 to 65531"):
        choose_ports(base)
