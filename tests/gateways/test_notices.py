"""Notices over real SMTP and HTTP connections: what arrives, and what a refusal tells."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

import gateways.notices
from filing.changes import Change
from filing.display import QUERY_SITE
from filing.notices import Audience, Delivery, Notice, NoticePurpose, NoticeReason
from filing.process.messages import AuthorityEvent, read
from filing.vocabulary import MaterialType
from gateways.notices import (
    AppriseChannels,
    ChannelRefused,
    ChannelUnclear,
    field_label,
    notice_key,
    render,
)
from settings import WrongSettings

EMAIL = "zhang.san+icp@mail.example.com"
LINK = "https://face.example.com/t/abc"


class Catcher:
    """A mail server that keeps what it takes. `answers`: its next replies to a message's data."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[tuple[list[str], Message]] = []
        self.answers: list[str] = []
        self.silent = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return answer

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=beian@example.com&to={{email}}"


@pytest.fixture
async def catcher() -> AsyncIterator[Catcher]:
    catcher = Catcher()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(catcher, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    catcher.port = server.sockets[0].getsockname()[1]
    yield catcher
    server.close()
    await server.wait_closed()


@pytest.fixture
async def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return int(port)


def notice_of(
    purpose: NoticePurpose = NoticePurpose.RETURNED,
    audience: Audience = Audience.APPLICANT,
    *,
    full: bool = True,
) -> Notice:
    minimal = Notice(
        uid="0193e5a0-0000-7000-8000-000000000001",
        filing_id="filing-wx1a2b3c4d5e6f7a8b",
        sequence=12,
        purpose=purpose,
        audience=audience,
        mini_program="昆山示例商城",
        kind_label="新增备案",
        status_label="待修改",
    )
    if not full:
        return minimal
    return minimal.model_copy(
        update={
            "email": EMAIL,
            "round": 2,
            "due": "2026-11-26 24:00",
            "note": "次年放假安排未公布,期限暂定",
            "number": "苏ICP备2026000001号-1X",
            "link": LINK,
            "changes": (
                Change(path="mini_program.principal.mobile", before="138****0001", after=None),
            ),
            "materials": (MaterialType.COMMITMENT_LETTER, MaterialType.SUBJECT_CERTIFICATE),
            "reasons": (
                NoticeReason(
                    field="subject.certificate.number",
                    reason="证件号码与照片 < 不一致 >",
                    suggestion="请核对后重新填写",
                ),
                NoticeReason(field="小程序备注", reason="过于简单"),
            ),
        }
    )


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged, other than by the tests' own mail server, and where nobody hears it: pytest
    listens to loggers that hand nothing on."""
    assert not logging.getLogger("apprise").propagate
    heard = (r for r in caplog.records if r.name not in ("mail.log", "apprise"))
    return "\n".join(r.getMessage() for r in heard)


def text_of(message: Message) -> str:
    """The plain text part, with line ends as we write them."""
    parts = [p for p in message.walk() if p.get_content_type() == "text/plain"]
    payload = parts[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("purpose", NoticePurpose)
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("status_label", ["待修改", "短信核验", "管局审核", "注销成功"])
def test_there_is_a_text_for_every_notice(
    purpose: NoticePurpose, audience: Audience, full: bool, status_label: str
) -> None:
    notice = notice_of(purpose, audience, full=full).model_copy(
        update={"status_label": status_label}
    )
    title, body = render(notice)
    assert title.startswith("【备案】昆山示例商城:")
    assert not title.endswith(":")
    assert "\n" not in title
    assert len(title) < 80
    assert notice.filing_id in body
    assert "None" not in title + body
    assert "\n\n\n" not in body
    assert not re.search(r"[ \t]\n", body)
    assert EMAIL not in title + body
    if full:
        assert "次年放假安排未公布" in body
        assert "苏ICP备2026000001号-1X" in body
    else:
        assert "截止时间" not in body


def test_a_return_names_each_field_what_to_do_and_until_when() -> None:
    title, body = render(notice_of())
    assert title == "【备案】昆山示例商城:资料需要修改,请在 2026-11-26 24:00 前重新提交"
    assert "1. 主体 证件 号码:证件号码与照片 < 不一致 >\n   修改建议:请核对后重新填写\n" in body
    assert "2. 小程序备注:过于简单\n" in body
    assert "截止时间:2026-11-26 24:00" in body


def test_the_sms_notice_says_how_the_check_is_done() -> None:
    _, body = render(notice_of(NoticePurpose.SMS_DUE))
    for said in ("12381", "106 开头、12 结尾", "6 位数字验证码", "24 小时", "后 6 位", "允许接收"):
        assert said in body


def test_before_the_sms_check_people_learn_whom_to_let_through_and_how_long_it_may_take() -> None:
    ahead = notice_of(NoticePurpose.SUBMITTED).model_copy(update={"working_days_ahead": (1, 23)})
    _, body = render(ahead)
    for said in ("12381", "106 开头、12 结尾", "不要拦截", "1 至 23 个工作日", "24 小时"):
        assert said in body
    _, body = render(ahead.model_copy(update={"sms_due": False, "working_days_ahead": (1, 22)}))
    assert "不需要负责人进行短信核验" in body
    assert "12381" not in body


def test_the_face_check_is_told_with_its_link_its_end_and_what_the_picture_must_be_like() -> None:
    title, body = render(notice_of(NoticePurpose.FACE_CHECK))
    assert title == "【备案】昆山示例商城:请小程序管理员在 2026-11-26 24:00 前完成人脸核身"
    for said in (LINK, "微信", "24 小时内", "白色", "面部不能有任何遮挡", "不能赤裸上身"):
        assert said in body
    without = notice_of(NoticePurpose.FACE_CHECK).model_copy(update={"link": None})
    assert "打开" not in render(without)[1]
    assert LINK not in render(notice_of(NoticePurpose.FACE_CHECK, Audience.OPERATIONS))[1]


def test_who_carries_a_change_by_hand_is_told_what_to_change_and_what_to_send_then() -> None:
    notice = notice_of(NoticePurpose.BY_HAND, Audience.OPERATIONS)
    title, body = render(notice)
    assert title == "【备案】昆山示例商城:请在备案系统人工办理(期限 2026-11-26 24:00)"
    assert "1. 小程序 负责人 手机号码:138****0001 → 无\n" in body
    assert "材料:承诺书、主办单位证件\n" in body
    assert f"starter.py draft {notice.filing_id}\n" in body
    sent = re.search(r"--workflow-id (\S+) --name (\S+) --input '(.+)'", body)
    assert sent
    assert sent[1] == notice.filing_id
    read_ = read(sent[2], (json.loads(sent[3]),))
    assert isinstance(read_, AuthorityEvent)
    assert read_.kind == "received"
    assert "verify-sms" in body
    assert "verify-sms" not in render(notice.model_copy(update={"sms_due": False}))[1]


def test_who_was_granted_a_number_is_told_how_to_show_it() -> None:
    for purpose in (NoticePurpose.APPROVED, NoticePurpose.DISPLAY_REMINDER):
        _, body = render(notice_of(purpose))
        assert "1. 在小程序首页底部的中央位置标明备案号:苏ICP备2026000001号-1X。\n" in body
        assert QUERY_SITE in body
        assert "备案电子验证标识" in body
        assert "该款为网站而定" in body


def test_an_ended_filing_is_not_told_to_show_its_number() -> None:
    approved = notice_of(NoticePurpose.APPROVED)
    assert "标明备案号" in render(approved)[1]
    for kind in ("注销小程序", "取消接入"):
        _, body = render(approved.model_copy(update={"kind_label": kind}))
        assert "标明备案号" not in body


def test_a_name_with_a_line_break_makes_no_header_of_its_own() -> None:
    notice = notice_of().model_copy(update={"mini_program": "商城\r\nBcc: x@example.com\n{{ 1 }}"})
    title, _ = render(notice)
    assert title.startswith("【备案】商城 Bcc: x@example.com {{ 1 }}:资料需要修改")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("mini_program.principal.mobile", "小程序 负责人 手机号码"),
        ("materials[0].file", "材料 第 1 项 文件"),
        ("materials.authorisation_letter", "材料 授权书"),
        ("小程序名称", "小程序名称"),
        ("unknown.field", "unknown field"),
    ],
)
def test_fields_are_named_as_people_know_them(path: str, label: str) -> None:
    assert field_label(path) == label


async def test_a_notice_arrives_at_the_applicants_address(catcher: Catcher) -> None:
    notice = notice_of()
    assert await AppriseChannels(catcher.url, "").send(notice) is Delivery.SENT
    ((recipients, message),) = catcher.taken
    title, body = render(notice)
    assert recipients == [EMAIL]
    assert str(make_header(decode_header(message["Subject"]))) == title
    assert text_of(message).strip() == body.strip()
    assert message.get_all("X-Beian-Notice") == [notice_key(notice)]


async def test_operations_have_channels_of_their_own(catcher: Catcher) -> None:
    url = f"mailto://127.0.0.1:{catcher.port}?from=beian@example.com&to=ops@example.com"
    channels = AppriseChannels("", url)
    assert await channels.send(notice_of(audience=Audience.OPERATIONS)) is Delivery.SENT
    assert await channels.send(notice_of()) is Delivery.NO_CHANNEL
    assert [recipients for recipients, _ in catcher.taken] == [["ops@example.com"]]


async def test_a_notice_without_an_address_leaves_out_what_needs_one(catcher: Catcher) -> None:
    assert await AppriseChannels(catcher.url, "").send(notice_of(full=False)) is Delivery.NO_CHANNEL
    assert catcher.taken == []


async def test_a_web_hook_gets_text_and_the_notices_name() -> None:
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length
        requests.append(head + await reader.readexactly(int(length[1])))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    notice = notice_of(audience=Audience.OPERATIONS)
    assert await AppriseChannels("", f"json://127.0.0.1:{port}/hook").send(notice) is Delivery.SENT
    server.close()
    await server.wait_closed()
    (request,) = requests
    assert f"x-beian-notice: {notice_key(notice)}".encode() in request.lower()


@pytest.mark.parametrize("reply", ["550 mailbox unavailable", "451 try later"])
async def test_a_refusal_tells_no_address(
    catcher: Catcher, caplog: pytest.LogCaptureFixture, reply: str
) -> None:
    caplog.set_level(logging.DEBUG)
    catcher.answers = [reply]
    channels = AppriseChannels(catcher.url, "")
    with pytest.raises(ChannelRefused) as refused:
        await channels.send(notice_of())
    assert str(refused.value) == "mailto: failure"
    # Trying again heals it.
    assert await channels.send(notice_of()) is Delivery.SENT
    assert "example.com" not in logged(caplog)
    assert "127.0.0.1" not in logged(caplog)


async def test_nobody_answering_is_a_refusal(
    closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    urls = (
        f"mailto://127.0.0.1:{closed_port}?from=a@example.com&to={{email}} "
        f"json://127.0.0.1:{closed_port}/hook"
    )
    with pytest.raises(ChannelRefused, match=r"^mailto: failure, json: failure$"):
        await AppriseChannels(urls, "").send(notice_of())
    assert "example.com" not in logged(caplog)


async def test_one_channel_of_two_refusing_is_raised_and_only_that_one_repeated(
    catcher: Catcher,
) -> None:
    catcher.answers = ["250 OK", "550 no"]
    first = catcher.url
    second = f"mailto://127.0.0.1:{catcher.port}?from=beian@example.com&to=copy@example.com"
    channels = AppriseChannels(f"{first} {second}", "")
    with pytest.raises(ChannelUnclear, match=r"^mailto: failure; 1 of 2 channels took it$"):
        await channels.send(notice_of())
    assert await channels.send(notice_of()) is Delivery.SENT
    assert [recipients for recipients, _ in catcher.taken] == [[EMAIL], ["copy@example.com"]]


async def test_a_connection_that_breaks_off_after_the_text_is_not_a_certain_refusal(
    catcher: Catcher,
) -> None:
    class Dropper(Catcher):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            await super().handle_DATA(server, session, envelope)
            assert server.transport is not None
            server.transport.close()
            return "250 OK"

    dropper = Dropper()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(dropper, loop=loop), "127.0.0.1", 0)
    dropper.port = server.sockets[0].getsockname()[1]
    with pytest.raises(ChannelUnclear, match=r"^mailto: broke off$"):
        await AppriseChannels(dropper.url, "").send(notice_of())
    assert len(dropper.taken) == 1
    server.close()
    await server.wait_closed()


async def test_a_recipient_refused_is_a_certain_refusal(catcher: Catcher) -> None:
    async def handle_rcpt(*_: object) -> str:
        return "550 no such user"

    vars(catcher)["handle_RCPT"] = handle_rcpt
    with pytest.raises(ChannelRefused, match=r"^mailto: failure$"):
        await AppriseChannels(catcher.url, "").send(notice_of())


async def test_no_answer_in_time_is_not_a_certain_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways.notices, "SEND_SECONDS", 0.2)
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, w: writers.append(w), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"mailto://127.0.0.1:{port}?from=a@example.com&to={{email}}"
    try:
        with pytest.raises(ChannelUnclear, match=r"^mailto: timed out$"):
            await AppriseChannels(url, "").send(notice_of())
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("urls", ["nonsense", "mailto://", "json://ok.example.com nosuch://s3cret"])
@pytest.mark.parametrize("setting", ["BEIAN_NOTIFY_APPLICANT", "BEIAN_NOTIFY_OPERATIONS"])
def test_a_wrong_url_is_named_by_its_setting_and_place(
    setting: str, urls: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    applicant, operations = (urls, "") if setting.endswith("APPLICANT") else ("", urls)
    with pytest.raises(WrongSettings, match=f"^{setting}: URL") as wrong:
        AppriseChannels(applicant, operations)
    assert "s3cret" not in str(wrong.value) + logged(caplog)
    assert f"URL {len(urls.split())} of {len(urls.split())}" in str(wrong.value)


def test_operations_have_no_applicants_address() -> None:
    with pytest.raises(WrongSettings, match=r"^BEIAN_NOTIFY_OPERATIONS: URL 1 of 1 holds"):
        AppriseChannels("", "mailto://mail.example.com?from=a@example.com&to={email}")
