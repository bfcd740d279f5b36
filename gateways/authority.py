"""What takes a filing to the bureau: WeChat's API (or the sandbox's, which is the same), or a person.

`AuthorityMode.WECHAT` and `AuthorityMode.SANDBOX` use `WechatAuthority`, `AuthorityMode.MANUAL` uses
`ManualAuthority`.
"""

from collections.abc import Awaitable, Callable

from filing.application import Application
from filing.authority import AuthorityReport, Standing, WithdrawalAnswer
from gateways.wechat.authority import WechatAuthority, nothing
from gateways.wechat.errors import AuthorityError, AuthorityRefused, AuthorityUnavailable

__all__ = [
    "AuthorityError",
    "AuthorityRefused",
    "AuthorityUnavailable",
    "ManualAuthority",
    "WechatAuthority",
]


class ManualAuthority:
    """A person takes the filing to the bureau and tells the workflow by messages what comes of it."""

    async def submit(
        self,
        application: Application,
        round: int,
        *,
        ours: bool,
        applying: Callable[[], Awaitable[None]] = nothing,
    ) -> AuthorityReport:
        """Passes at once (contract, section 4); when the bureau received it nobody says."""
        return AuthorityReport(standing=Standing.SMS_WAITING)

    async def status(self, appid: str) -> AuthorityReport:
        """Nothing to ask: the person tells."""
        return AuthorityReport(standing=Standing.UNKNOWN)

    async def withdraw(self, appid: str) -> WithdrawalAnswer:
        """The person takes it back."""
        return WithdrawalAnswer(withdrawn=True)
