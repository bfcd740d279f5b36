"""The mail catcher, over real SMTP."""

import asyncio
import smtplib
import stat
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from embedded.errors import StackError
from embedded.mail import caught_mail


def send(port: int, *subjects: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        for subject in subjects:
            message = EmailMessage()
            message["From"], message["To"] = "beian@beian.test", "ops@example.com"
            message["Subject"] = subject
            message.set_content("备案已提交管局")
            client.send_message(message)


async def test_each_message_is_a_private_file_and_names_sort_by_arrival(tmp_path: Path) -> None:
    subjects = [f"第{number}封" for number in range(12)]
    async with caught_mail(tmp_path / "mail") as catcher:
        await asyncio.to_thread(send, catcher.port, *subjects)
        paths = catcher.messages()
    read = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    assert [message["Subject"] for message in read] == subjects
    assert "备案已提交管局" in str(read[0].get_content())
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700


async def test_mail_of_an_earlier_run_stays_first(tmp_path: Path) -> None:
    async with caught_mail(tmp_path) as catcher:
        await asyncio.to_thread(send, catcher.port, "earlier")
    async with caught_mail(tmp_path) as catcher:
        await asyncio.to_thread(send, catcher.port, "later")
        paths = catcher.messages()
    subjects = [message_from_bytes(path.read_bytes())["Subject"] for path in paths]
    assert subjects == ["earlier", "later"]


async def test_a_message_that_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    async with caught_mail(tmp_path / "mail") as catcher:
        (tmp_path / "mail").rmdir()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await asyncio.to_thread(send, catcher.port, "lost")
    assert refused.value.smtp_code == 451


async def test_stops_while_a_client_stays_connected(tmp_path: Path) -> None:
    client = smtplib.SMTP(timeout=5)
    async with asyncio.timeout(5):
        async with caught_mail(tmp_path) as catcher:
            await asyncio.to_thread(client.connect, "127.0.0.1", catcher.port)
    client.close()


async def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    async with caught_mail(tmp_path) as first:
        with pytest.raises(StackError, match="mail catcher"):
            async with caught_mail(tmp_path, first.port):
                pass
