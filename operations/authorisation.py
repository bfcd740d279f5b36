"""A mini program's owner authorises the platform: the code to begin with, and what comes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filing.vocabulary import AuthorityMode
from gateways.discovery import ServiceUnreachable, authority_url
from gateways.wechat.client import WechatClient
from gateways.wechat.errors import AuthorityRefused, AuthorityUnavailable
from gateways.wechat.tokens import TokenStore
from operations.services import open_registry
from settings import Settings, WrongSettings


class NotTaken(Exception):
    """The authority takes no such call until somebody acts; the text says who."""


@asynccontextmanager
async def authority_client(settings: Settings) -> AsyncIterator[WechatClient]:
    """The authority's calls, with the tokens that all workers share.

    Raises `ServiceUnreachable`, `WrongSettings` and `NotTaken`, also for what the calls in it raise.
    """
    if settings.authority is AuthorityMode.MANUAL:
        raise WrongSettings("BEIAN_AUTHORITY: manual has no API; set it to wechat or sandbox")
    component = settings.wechat_component_appid
    url = authority_url(settings)
    async with open_registry(settings) as registry:
        tokens = TokenStore(registry.pool, component)
        try:
            async with WechatClient(
                url,
                component,
                settings.wechat_component_secret,
                settings.first_ticket,
                settings.first_refresh_token,
                tokens=tokens,
            ) as client:
                yield client
        except AuthorityUnavailable as error:
            raise ServiceUnreachable(f"the authority does not do it now: {error}") from None
        except AuthorityRefused as error:
            raise NotTaken(str(error)) from None
