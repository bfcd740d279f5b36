"""What can go wrong with the authority, and what the API's codes mean.

AuthorityError
├── AuthorityUnavailable   trying again can heal it
└── AuthorityRefused       it cannot: a setting or an authorisation is wrong; the text says which
ApiRefusal                 an errcode whose meaning depends on the call; stays in this package
"""

from typing import Any

TOKEN_CODES = frozenset({40001, 40014, 42001})
"""The access token is wrong, malformed or expired: a fresh one may do."""

HEALING_CODES = frozenset({-1, 45009, 45011, 86301})
"""Busy, quota of the day, limit of the minute, service exception."""

MISCONFIGURED_CODES: dict[int, str] = {
    40013: "check BEIAN_WECHAT_COMPONENT_APPID and the filing's appid",
    40125: "check BEIAN_WECHAT_COMPONENT_SECRET",
    48001: "let the mini program's owner authorise permission set 18 or 156",
    61003: "let the mini program's owner authorise the platform",
    61004: "add this machine's address to the platform's IP allow-list",
    61005: "set BEIAN_WECHAT_COMPONENT_TICKET to the ticket pushed last",
    61006: "set BEIAN_WECHAT_COMPONENT_TICKET to the ticket pushed last",
    61007: "let the mini program's owner authorise permission set 18 or 156",
    61023: "set BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN to the one of the last authorisation",
}
"""Codes that no retry heals, and what does. Reference section 9; 40013, 40125, 61003, 61005,
61006 and 61023 from the API's general list of codes [UNVERIFIED here]."""


class AuthorityError(Exception):
    """Root of what the authority's gateway raises. Texts hold no token and no personal data."""


class AuthorityUnavailable(AuthorityError):
    """Not now: the network, a limit, or an answer that makes no sense. Try again later."""


class AuthorityRefused(AuthorityError):
    """Not until somebody changes a setting or an authorisation, named in the text."""


class ApiRefusal(Exception):
    """An errcode that the client cannot judge: what it means depends on what was asked."""

    def __init__(self, code: int, text: str, hints: tuple[dict[str, Any], ...]) -> None:
        super().__init__(code)
        self.code, self.text, self.hints = code, text, hints

    @property
    def codes(self) -> frozenset[int]:
        """Its own code and its hints', where the causes stand."""
        return frozenset(
            {self.code, *(c for h in self.hints if type(c := h.get("errcode")) is int)}
        )

    def unexpected(self, call: str) -> AuthorityUnavailable:
        """Where the code means nothing to us: the day may heal it, and operations see it."""
        return AuthorityUnavailable(f"{call}: unexpected errcode {self.code}")
