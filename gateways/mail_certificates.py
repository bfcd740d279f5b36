"""Has Apprise read the system's certificates once in a process, and none for mail without TLS.

Its SMTP controller reads all of them for every e-mail: 28 ms of CPU, a fifth of what a worker spends on
a whole filing (docs/performance.md). A context that verifies is shared, for nothing changes it; one
that does not is the mail's own, as before, for the controller switches its checks off.
"""

import ssl
import threading
from functools import cache
from typing import Any

from apprise.plugins.email import base, smtp

_mail = threading.local()


class _Controller(smtp.AppriseSMTPController):
    """Apprise's own, which remembers what its mail needs of certificates."""

    def __enter__(self) -> Any:
        insecure = self.secure_mode == smtp.SMTPSecureMode.INSECURE
        _mail.make = _unused if insecure else _verifying if self.verify_certificate else None
        try:
            return super().__enter__()
        finally:
            _mail.make = None


class _Ssl:
    """What the controller asks of the module `ssl`."""

    CERT_NONE = ssl.CERT_NONE

    @staticmethod
    def create_default_context() -> ssl.SSLContext:
        """The context for the mail that this thread sends."""
        make = getattr(_mail, "make", None)
        context: ssl.SSLContext = (make or ssl.create_default_context)()
        return context


@cache
def _verifying() -> ssl.SSLContext:
    return ssl.create_default_context()


def _unused() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def share_certificates() -> None:
    """From here on, in this process. Doing it twice is doing it once."""
    base.AppriseSMTPController = _Controller  # type: ignore[attr-defined]
    smtp.ssl = _Ssl  # type: ignore[attr-defined, assignment]
