"""The authority's lists: how old they are, and fetching them anew."""

from filing.vocabulary import AuthorityMode
from gateways.authority import AuthorityRefused, AuthorityUnavailable, wechat_authority
from gateways.discovery import ServiceUnreachable
from gateways.materials import materials_store
from gateways.wechat.kept_lists import KeptLists, ListAge
from operations.services import open_registry
from settings import Settings, WrongSettings


async def authority_lists(settings: Settings, refresh_as: str | None) -> tuple[ListAge, ...]:
    """Each list that was fetched. `refresh_as`: fetch all anew first, as the mini program of this
    appid. Raises `ServiceUnreachable`, and `WrongSettings` where the authority takes no call."""
    if refresh_as is not None and settings.authority is AuthorityMode.MANUAL:
        raise WrongSettings("BEIAN_AUTHORITY=manual: there is no authority to fetch lists from")
    async with open_registry(settings) as registry:
        if refresh_as is not None:
            async with wechat_authority(settings, materials_store(settings), registry) as wechat:
                try:
                    await wechat.refresh_lists(refresh_as)
                except AuthorityUnavailable as error:
                    raise ServiceUnreachable(f"the authority cannot be asked: {error}") from error
                except AuthorityRefused as error:
                    raise WrongSettings(f"the authority takes no call: {error}") from error
        return await KeptLists(registry).ages()
