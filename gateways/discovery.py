"""Where the services are: settings first, else the running `up` of the same `BEIAN_HOME`."""

from pathlib import Path

from pydantic import ValidationError

from filing.model import Model
from filing.vocabulary import AuthorityMode
from settings import Settings

UP_FILE = "up.json"


class UpInfo(Model):
    """What a ready `up` writes to `$BEIAN_HOME/up.json` (contract, section 2)."""

    temporal_address: str
    web_ui: str
    authority: str
    database_url: str
    smtp: str | None = None
    receiver: str | None = None
    """Where the authority is to push to; None where nothing is pushed."""
    time_travel: bool = False
    pid: int | None = None


class ServiceUnreachable(Exception):
    """A service cannot be reached; the text says which, and what to do."""


def read_up(home: Path) -> UpInfo | None:
    """The running (or killed) `up` of this home, if it left word of itself."""
    try:
        return UpInfo.model_validate_json((home / UP_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def database_url(settings: Settings) -> str:
    """The registry's address. Raises `ServiceUnreachable`."""
    if settings.database_url:
        return settings.database_url
    if up := read_up(settings.home):
        return up.database_url
    raise ServiceUnreachable(
        f"no registry: no `starter.py up` is running in {settings.home} and BEIAN_DATABASE_URL is not set; "
        "start `python starter.py up`, or set BEIAN_DATABASE_URL"
    )


WECHAT = "https://api.weixin.qq.com"


def authority_url(settings: Settings) -> str:
    """The authority's address: WeChat's own, or the sandbox's. Raises `ServiceUnreachable`."""
    if settings.wechat_base_url:
        return settings.wechat_base_url
    if settings.authority is AuthorityMode.WECHAT:
        return WECHAT
    if up := read_up(settings.home):
        return up.authority
    raise ServiceUnreachable(
        f"no sandbox authority: no `starter.py up` is running in {settings.home} and "
        "BEIAN_WECHAT_BASE_URL is not set; start `python starter.py up`, or set it"
    )
