"""The system's certificates are read once, and no mail is checked less than its URL says."""

import ssl
from pathlib import Path

import pytest
from apprise.plugins.email import base

from embedded.mail import caught_mail
from filing.notices import Audience, Delivery, Notice, NoticePurpose
from gateways.mail_certificates import _verifying
from gateways.notices import AppriseChannels


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """The contexts into which the system's certificates were read."""
    contexts: list[ssl.SSLContext] = []
    load = ssl.SSLContext.load_default_certs

    def noted(context: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        contexts.append(context)
        load(context, purpose)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", noted)
    return contexts


def _fails(mode: str, *, verify: bool) -> None:
    """A mail to where nobody listens: its context is made before."""
    controller = base.AppriseSMTPController(  # type: ignore[attr-defined]
        host="127.0.0.1", port=1, secure_mode=mode, verify_certificate=verify
    )
    with pytest.raises(OSError, match="refused"), controller:
        pass


def test_certificates_are_read_once_for_all_that_verify(read: list[ssl.SSLContext]) -> None:
    for mode in ("ssl", "starttls", "ssl"):
        _fails(mode, verify=True)
    assert len(read) <= 1  # an earlier test may have had them read


def test_a_mail_that_does_not_verify_weakens_no_other(read: list[ssl.SSLContext]) -> None:
    _fails("ssl", verify=False)
    _fails("starttls", verify=False)
    own = list(read)
    assert [context.verify_mode for context in own] == [ssl.CERT_NONE, ssl.CERT_NONE]
    shared = _verifying()
    assert shared.verify_mode is ssl.CERT_REQUIRED
    assert shared.check_hostname
    assert all(shared is not context for context in own)


async def test_a_mail_without_tls_reads_none(tmp_path: Path, read: list[ssl.SSLContext]) -> None:
    async with caught_mail(tmp_path) as catcher:
        url = f"mailto://127.0.0.1:{catcher.port}?from=beian@beian.test&mode=insecure&to=ops@beian.test"
        notice = Notice(
            uid="uid-1",
            filing_id="filing-wx0000000000000001",
            sequence=1,
            purpose=NoticePurpose.APPROVED,
            audience=Audience.OPERATIONS,
            mini_program="示例",
            kind_label="新增备案",
            status_label="备案成功",
            number="苏ICP备2026000001号-1X",
        )
        assert await AppriseChannels("", url).send(notice) is Delivery.SENT
        assert len(catcher.messages()) == 1
    assert read == []
