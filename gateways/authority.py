"""What takes a filing to the bureau: WeChat's API (or the sandbox's, which is the same), or a person.

`AuthorityMode.WECHAT` and `AuthorityMode.SANDBOX` use `WechatAuthority`, `AuthorityMode.MANUAL` uses
`ManualAuthority`.
"""

from activities.ports import Materials
from filing.application import Application
from filing.authority import AuthorityReport, Standing, WithdrawalAnswer
from gateways.discovery import authority_url
from gateways.registry import Registry
from gateways.wechat.authority import WechatAuthority
from gateways.wechat.errors import AuthorityError, AuthorityRefused, AuthorityUnavailable
from gateways.wechat.tokens import TokenStore
from settings import Settings

__all__ = [
    "AuthorityError",
    "AuthorityRefused",
    "AuthorityUnavailable",
    "ManualAuthority",
    "WechatAuthority",
    "wechat_authority",
]


def wechat_authority(
    settings: Settings, materials: Materials, registry: Registry
) -> WechatAuthority:
    """The one of the settings. Raises `ServiceUnreachable` where it has no address."""
    component = settings.wechat_component_appid
    return WechatAuthority(
        authority_url(settings),
        component,
        settings.wechat_component_secret,
        settings.first_ticket,
        settings.first_refresh_token,
        materials,
        registry,
        tokens=TokenStore(registry.pool, component),
        longest_wait=settings.longest_wait,
        face_check=settings.wechat_face_check == "required",
    )


class ManualAuthority:
    """A person takes the filing to the bureau and tells the workflow by messages what comes of it."""

    async def submit(self, application: Application, uid: str, round: int) -> AuthorityReport:
        """Passes at once (contract, section 4); when the bureau received it nobody says."""
        return AuthorityReport(standing=Standing.SMS_WAITING)

    async def status(self, appid: str) -> AuthorityReport:
        """Nothing to ask: the person tells."""
        return AuthorityReport(standing=Standing.UNKNOWN)

    async def withdraw(self, appid: str, uid: str | None) -> WithdrawalAnswer:
        """The person takes it back."""
        return WithdrawalAnswer(withdrawn=True)
