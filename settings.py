"""Settings: `BEIAN_*` environment variables, also from `.env`. A wrong one stops the program."""

import os
import re
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from filing.vocabulary import AuthorityMode

if TYPE_CHECKING:
    from filing.rules import Levels
    from filing.windows import WindowTerms

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""Of programs that run until they are stopped."""

CACHED_FILING_KIB = 448
"""Of a worker's memory for a filing that it keeps: 160 in platform review, up to 430 further on, with
what the collector leaves uncollected of those that went (docs/performance.md)."""


class WrongSettings(Exception):
    """One or more settings are wrong; the text names each, and the fix."""


class S3Place(NamedTuple):
    """Where materials lie in S3-compatible storage."""

    bucket: str
    prefix: str


class Settings(BaseSettings):
    """All settings. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="BEIAN_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    home: Path = Path(".beian")
    """Folder of the embedded stack, and of the materials store where `materials_url` is unset."""
    database_url: str | None = None
    """PostgreSQL of the registry; unset: the embedded one of the running `up`."""
    materials_url: str | None = None
    """Where the materials store lies: `file:///folder`, or `s3://bucket/prefix` with the environment's
    `AWS_*`; unset: the folder `materials` in `home`."""
    authority: AuthorityMode = AuthorityMode.SANDBOX
    wechat_base_url: str | None = None
    """Address of the authority's API; unset: the sandbox of the running `up`, or WeChat's own."""
    wechat_component_appid: str = "wxc0ffee0000000001"
    wechat_component_secret: SecretStr = SecretStr("sandbox-component-secret")
    wechat_component_ticket: SecretStr = SecretStr("ticket@@@sandbox")
    wechat_authorizer_refresh_token: SecretStr = SecretStr("refreshtoken@@@sandbox")
    wechat_face_check: Literal["required", "off"] = "required"
    """Whether the mini program's administrator passes a face check (人脸核身) before a new filing is
    applied for: that each province and kind asks for it was not found."""
    wechat_token: SecretStr = SecretStr("sandbox-callback-token")
    """消息校验Token of the Open Platform's console: callbacks are signed with it."""
    wechat_encoding_aes_key: SecretStr = SecretStr("sandbox0sandbox0sandbox0sandbox0sandbox0sa0")
    """消息加解密Key of the Open Platform's console, 43 characters: callbacks are encrypted with it."""
    callback_within: float = Field(default=300, ge=1, le=3600)
    """How far a callback's time may be from ours before it is refused as stale."""
    notify_operations: str = ""
    """Apprise URLs, separated by spaces, for operations."""
    notify_applicant: str = ""
    """Apprise URLs, separated by spaces; `{email}` stands for the filing's contact, URL-escaped."""
    correction_days: int = Field(default=45, ge=1, le=366)
    platform_review: Literal["manual", "automatic"] = "manual"
    """`automatic` approves by itself what passes every check without a warning."""
    checks: str = ""
    """Severities of rules that can be switched, as in `remark.vague=error,name.unrelated=off`."""
    poll_first: float | None = Field(default=None, gt=0)
    """First pause between status checks, doubling to `poll_longest`. Default: 300 (wechat), 2 (sandbox)."""
    poll_longest: float | None = Field(default=None, gt=0)
    """Default: 21600 (wechat), 30 (sandbox)."""
    poll_pushed: float | None = Field(default=None, ge=0)
    """Pause between status checks in the bureau's review while the authority's pushes arrive; 0: pushes
    are no reason to ask less. Default: 86400 (wechat), 0 (sandbox)."""
    poll_share: float = Field(default=0.5, gt=0, le=1)
    """How much of the day's quota of status calls may go to checks of waiting filings."""
    authority_quota: Literal["shared", "each"] = "shared"
    """Whether the authority's daily quotas are for all mini programs together, or for each."""
    authority_per_second: float | None = Field(default=None, gt=0)
    """Activities a second that ask the authority, of all workers together. Default: 10 (wechat), any
    number (sandbox, manual)."""
    worker_cache: int = Field(default=512, ge=8, le=65_536)
    """MiB that a worker may use to keep filings in memory; those that do not fit are read again from
    their history when something happens to them."""
    workflow_sandbox: bool = True
    """Run workflow code in the SDK's sandbox: on finds mistakes, off saves two thirds of the CPU."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    encryption_keys: SecretStr | None = None

    @field_validator("checks")
    @classmethod
    def _known_checks(cls, value: str) -> str:
        if value:
            _levels(value)
        return value

    @field_validator("materials_url")
    @classmethod
    def _known_place(cls, value: str | None) -> str | None:
        if value:
            _place(value)
        return value or None

    @field_validator("wechat_base_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise ValueError("not an address; write it as in https://api.weixin.qq.com")
        return value or None

    @field_validator("wechat_token")
    @classmethod
    def _a_token(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]{1,128}", value.get_secret_value()):
            raise ValueError(
                "not a token; it is 消息校验Token of the Open Platform's console, without spaces"
            )
        return value

    @field_validator("wechat_encoding_aes_key")
    @classmethod
    def _an_aes_key(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9+/]{43}", value.get_secret_value()):
            raise ValueError(
                "not an EncodingAESKey; it is 消息加解密Key of the Open Platform's console, 43 letters "
                "and digits"
            )
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _not_built_yet(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value():
            raise ValueError(
                "payload encryption is not built yet, so nothing would be encrypted: unset it"
            )
        return value

    @model_validator(mode="after")
    def _real_credentials(self) -> Self:
        if self.authority is AuthorityMode.WECHAT:
            # The ticket is pushed, and the refresh token comes with a mini program's authorisation.
            for name in ("appid", "secret"):
                field = f"wechat_component_{name}"
                if field not in self.model_fields_set or not getattr(self, field):
                    raise ValueError(
                        f"BEIAN_AUTHORITY=wechat needs BEIAN_{field.upper()}: its default is the sandbox's"
                    )
        return self

    @property
    def first_ticket(self) -> SecretStr:
        """The ticket that is set, empty where none is: until the first is pushed."""
        return self._own("wechat_component_ticket")

    @property
    def first_refresh_token(self) -> SecretStr:
        """The refresh token that is set, empty where none is: for mini programs whose authorisation
        is not kept."""
        return self._own("wechat_authorizer_refresh_token")

    def _own(self, name: str) -> SecretStr:
        """A secret, but for the sandbox's towards WeChat."""
        wechat = self.authority is AuthorityMode.WECHAT
        unset = wechat and name not in self.model_fields_set
        value: SecretStr = SecretStr("") if unset else getattr(self, name)
        return value

    @property
    def authority_rate(self) -> float | None:
        """`authority_per_second`, with its default."""
        wechat = self.authority is AuthorityMode.WECHAT
        return self.authority_per_second or (10.0 if wechat else None)

    @property
    def cached_filings(self) -> int:
        """How many filings fit into `worker_cache`."""
        return self.worker_cache * 1024 // CACHED_FILING_KIB

    @property
    def pushed_pause(self) -> timedelta | None:
        """`poll_pushed`, with its default; None where it is 0."""
        wechat = self.authority is AuthorityMode.WECHAT
        seconds = self.poll_pushed if self.poll_pushed is not None else 86400.0 * wechat
        return timedelta(seconds=seconds) if seconds else None

    @property
    def longest_wait(self) -> timedelta | None:
        """The longest that a limit of the authority makes one wait: a sandbox's day is no day."""
        if self.authority is AuthorityMode.WECHAT:
            return None
        return timedelta(seconds=self.terms.poll_longest_seconds)

    @property
    def materials_place(self) -> Path | S3Place:
        """Where the materials store lies: a folder of this machine, or a bucket."""
        return _place(self.materials_url) if self.materials_url else self.home / "materials"

    @cached_property
    def levels(self) -> "Levels":
        """What `checks` says."""
        return _levels(self.checks)

    @cached_property
    def terms(self) -> "WindowTerms":
        """What windows depend on."""
        from filing.windows import WindowTerms

        sandbox = self.authority is not AuthorityMode.WECHAT
        first = self.poll_first or (2.0 if sandbox else 300.0)
        longest = self.poll_longest or (30.0 if sandbox else 21600.0)
        return WindowTerms(
            correction_days=self.correction_days,
            poll_first_seconds=first,
            poll_longest_seconds=max(first, longest),
        )


def _levels(checks: str) -> "Levels":
    # All rules as data, and YAML's parser: most commands need neither.
    from filing.rules import levels_of

    return levels_of(checks)


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


def _place(url: str) -> Path | S3Place:
    """What `BEIAN_MATERIALS_URL` names. Raises `ValueError` with the fix, never with the value."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")  # its own text repeats what it was given
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "takes no user, password, ? or #: credentials of S3 are AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, its endpoint is AWS_ENDPOINT_URL"
        )
    if parts.scheme == "s3":
        prefix = parts.path.removeprefix("/").removesuffix("/")
        if not _BUCKET.fullmatch(parts.netloc) or (prefix and not _PREFIX.fullmatch(prefix)):
            raise ValueError(
                "not a bucket and a prefix; write s3://bucket/prefix, the bucket of 3 to 63 small "
                "letters, digits, dots and hyphens, the prefix of names of letters, digits, . _ -"
            )
        return S3Place(parts.netloc, prefix)
    path = unquote(parts.path)
    if parts.scheme != "file" or parts.netloc or not path.strip("/") or "\0" in path:
        raise ValueError(
            "not a place for materials; write file:///absolute/folder (three slashes) or "
            "s3://bucket/prefix, or unset it for the folder `materials` in BEIAN_HOME"
        )
    return Path(path)


def load() -> Settings:
    """The settings of this process. Raises `WrongSettings` with names and fixes, never values."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            "".join(f"BEIAN_{str(name).upper()}: " for name in e["loc"][:1])
            + e["msg"].removeprefix("Value error, ")
            for e in error.errors(include_input=False)
        ]
        hint = "" if os.environ.get("BEIAN_HOME") else " (environment or .env)"
        raise WrongSettings("wrong settings" + hint + ":\n  " + "\n  ".join(lines)) from None
