"""E-mail by Apprise's plug-in, with one TLS context for all mails.

Apprise makes a context for each mail, also for one that is sent without TLS, and so reads all of the
system's certificates anew: 28 ms of CPU. All else is Apprise's: what a URL means, and the message.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

from apprise import AppriseAsset, NotifyType
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.common import AppriseEmailException, EmailMessage
from apprise.plugins.email.smtp import SMTPSecureMode

SCHEMES = ("mailto", "mailtos")
BROKEN = (OSError, smtplib.SMTPException, RuntimeError, AppriseEmailException)


class Mail(NotifyEmail):  # type: ignore[no-untyped-call]
    """An Apprise `mailto` or `mailtos` service."""

    @classmethod
    def of_url(cls, url: str, asset: AppriseAsset) -> "Mail | None":
        """The service of a URL; None where it is none."""
        parsed = cls.parse_url(url)  # type: ignore[no-untyped-call]
        with contextlib.suppress(TypeError):  # how a plug-in says what its URL lacks
            return cls(**parsed, asset=asset) if parsed else None
        return None

    def send(
        self,
        body: str,
        title: str = "",
        notify_type: NotifyType = NotifyType.INFO,
        attach: Any = None,
        body_format: Any = None,
        **_: Any,
    ) -> bool:
        """Send to every recipient that has not taken it yet; whether all have."""
        if not self.targets:
            return False
        self.throttle()  # type: ignore[no-untyped-call]
        messages = self.prepare_emails(
            subject=title,
            body=body,
            notify_format=self.resolve_format(body_format),
            from_addr=self.from_addr,
            to=self.targets,
            cc=self.cc,
            bcc=self.bcc,
            reply_to=self.reply_to,
            smtp_host=self.smtp_host,
            attach=attach,
            headers={"X-Application": self.app_id} | self.headers,
            names=self.names,
            pgp=self.pgp,
            pgp_mode=self.pgp_mode,
            inline=self.inline,
            tzinfo=self.tzinfo,
        )
        taken = True
        try:
            with self._session() as session:
                for message in messages:
                    if not self.is_delivered(message.recipient):
                        taken = self._give(session, message) and taken
        except BROKEN as error:
            self.logger.warning("Connection error while submitting email")
            self.logger.debug("Socket Exception: %s", error)
            return False
        return taken

    def _give(self, session: smtplib.SMTP, message: EmailMessage) -> bool:
        try:
            refused = session.sendmail(str(self.from_addr[1]), message.to_addrs, message.body)
        except BROKEN as error:
            self.logger.debug("Socket Exception: %s", error)
            return False
        if not refused:
            self.mark_delivered(message.recipient)
        return not refused

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        host, port = self.smtp_host, self.port or 0  # 0: the usual one
        timeout = self.socket_connect_timeout
        if self.secure_mode == SMTPSecureMode.SSL:
            context = tls(self.verify_certificate)
            session: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            session = smtplib.SMTP(host, port, timeout=timeout)
        try:
            if self.secure_mode == SMTPSecureMode.STARTTLS:
                session.starttls(context=tls(self.verify_certificate))
            if self.user and self.password:
                session.login(self.user, self.password)
            yield session
        finally:
            with contextlib.suppress(*BROKEN):
                session.quit()


@cache
def tls(verify: bool) -> ssl.SSLContext:
    """How a mail server is met: verified by the system's certificates, as they were first read, or
    not at all where the URL says so (`verify=no`)."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
