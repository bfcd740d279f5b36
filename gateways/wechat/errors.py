"""What can go wrong with the authority, and what the API's codes mean.

AuthorityError
├── AuthorityUnavailable   trying again can heal it, no sooner than `after`
└── AuthorityRefused       it cannot: a setting or an authorisation is wrong; the text says which
ApiRefusal                 an errcode whose meaning depends on the call; stays in this package

`CODES` is the whole table; `docs/wechat-errors.md` shows it.
"""

import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from activities.ports import MustBeMended, NotNow
from filing.model import CHINA


class Follows(str, Enum):
    """What an errcode leads to."""

    RETRY = "retry"
    """`AuthorityUnavailable`: tried again at the usual pace."""
    MINUTE = "wait for the next minute"
    """`AuthorityUnavailable` that says so."""
    DAY = "wait for the next day"
    """`AuthorityUnavailable` until the next midnight in China, and a spread."""
    TOKEN = "renew the token"  # noqa: S105 - a sentence
    """Renewed once, and the call made again."""
    APPLICANT = "ask the applicant"
    """`ApiRefusal`, which becomes a report `RETURNED` with reasons by our paths."""
    ANSWER = "an answer"
    """`ApiRefusal` that tells where an order stands: whoever made the call reads it."""
    STOP = "stop"
    """`AuthorityRefused`: operations have to act first."""
    STOP_ALL = "stop all"
    """The same, for every filing of the platform."""


@dataclass(frozen=True)
class ErrorCode:
    """One errcode. `remedy`: what has to be done, or what is done; `field`: ours, that it is about."""

    code: int
    meaning: str
    where: str
    follows: Follows
    remedy: str
    field: str | None = None
    source: str = "9"
    """Section of the reference, or where else it is from."""


_RETRY, _MINUTE, _DAY, _TOKEN, _APPLICANT, _ANSWER, _STOP, _STOP_ALL = Follows
_RENEWED = "renewed once"
_FILE, _HINT = "materials.N.file", "as the hint says"
_OTHER_FILE = "another file is asked for"
_PERMISSION = "let the mini program's owner authorise permission set 18 or 156"
_AUTHORISE = "let the mini program's owner authorise the platform"
_REFRESH = (
    "let the mini program's owner authorise the platform anew, or set "
    "BEIAN_WECHAT_AUTHORIZER_REFRESH_TOKEN to the one of the last authorisation"
)
_TICKET = (
    "wait for the next pushed ticket, see that the authorisation-event URL reaches the receiver, or "
    "set BEIAN_WECHAT_COMPONENT_TICKET to the ticket pushed last"
)
_CODE = "get another by `starter.py authorisation begin`: it is good once, and for a short while"
_APPID = "check BEIAN_WECHAT_COMPONENT_APPID and the filing's appid"
_SECRET = "check BEIAN_WECHAT_COMPONENT_SECRET"  # noqa: S105 - a sentence
_IP = "add this machine's address to the platform's IP allow-list"
_DEFECT = "the body is malformed: report this as a defect"
_ARGUMENTS = "another file is asked for; at any other call it is a defect"
_NEW_CHECK = "a readable picture; of a face check: a new one is created"
_PICTURE = "a picture that shows what was written"
_ASK = "its standing is asked for"
_GENERAL = "the platform's general list [UNVERIFIED]"

# fmt: off
_TABLE = (
    ErrorCode(-1, "system busy", "any", _RETRY, "asked again"),
    ErrorCode(1, "task expired or missing", "query_icp_verifytask", _ANSWER, "a new face check is created"),
    ErrorCode(40001, "access token wrong", "any", _TOKEN, _RENEWED),
    ErrorCode(40004, "file is of no allowed type", "upload_icp_media", _APPLICANT, _OTHER_FILE, _FILE),
    ErrorCode(40013, "appid wrong", "tokens", _STOP, _APPID, source=_GENERAL),
    ErrorCode(40014, "access token malformed", "any", _TOKEN, _RENEWED),
    ErrorCode(40097, "arguments wrong", "upload_icp_media", _APPLICANT, _ARGUMENTS, _FILE),
    ErrorCode(40125, "secret wrong", "tokens", _STOP_ALL, _SECRET, source=_GENERAL),
    ErrorCode(42001, "access token expired", "any", _TOKEN, _RENEWED),
    ErrorCode(45009, "the day's quota is used up", "any", _DAY, "asked again after the next midnight in China"),
    ErrorCode(45011, "the minute's limit is reached", "any", _MINUTE, "asked again a minute later"),
    ErrorCode(47001, "body cannot be read", "create_icp_verifytask, apply_icp_filing", _STOP, _DEFECT),
    ErrorCode(48001, "call not authorised", "any", _STOP, _PERMISSION),
    ErrorCode(61003, "platform not authorised", "tokens", _STOP, _AUTHORISE, source=_GENERAL),
    ErrorCode(61004, "caller's IP not allowed", "any", _STOP_ALL, _IP),
    ErrorCode(61005, "ticket expired", "tokens", _STOP_ALL, _TICKET, source=_GENERAL),
    ErrorCode(61006, "ticket wrong", "tokens", _STOP_ALL, _TICKET, source=_GENERAL),
    ErrorCode(61007, "permission set missing", "any", _STOP, _PERMISSION),
    ErrorCode(61009, "authorisation code wrong", "api_query_auth", _STOP, _CODE, source=_GENERAL),
    ErrorCode(61010, "authorisation code expired or used", "api_query_auth", _STOP, _CODE, source=_GENERAL),
    ErrorCode(61023, "refresh token wrong", "tokens", _STOP, _REFRESH, source=_GENERAL),
    ErrorCode(86201, "upload failed", "upload_icp_media", _APPLICANT, _OTHER_FILE, _FILE),
    ErrorCode(86202, "application refused: the causes stand in `hints`", "apply_icp_filing, submit_auth_and_icp",
              _APPLICANT, "what each hint says", _HINT),
    ErrorCode(86205, "media id unknown", "get_icp_media; hint", _APPLICANT, "the file is asked for again", _FILE),
    ErrorCode(86301, "service exception", "apply_icp_filing", _RETRY, "asked again"),
    ErrorCode(86302, "picture and text differ", "hint", _APPLICANT, _PICTURE, _HINT),
    ErrorCode(86308, "validity differs from the certificate's picture", "hint", _APPLICANT, _PICTURE, _HINT),
    ErrorCode(86324, "an order is under review", "cancel_icp_filing, apply_icp_filing", _ANSWER, _ASK),
    ErrorCode(86328, "nothing there; as a hint: picture not readable", "query_icp_verifytask; hint",
              _APPLICANT, _NEW_CHECK, _HINT),
    ErrorCode(86330, "order is past withdrawal", "cancel_apply_icp_filing", _ANSWER, "the withdrawal is refused"),
    ErrorCode(86353, "nothing is filed", "cancel_icp_filing", _ANSWER, "the cancellation is returned"),
    ErrorCode(86355, "organiser is not the mini program's owner", "hint", _APPLICANT, "the right name", "subject.name"),
    ErrorCode(86358, "an unfinished order exists", "apply_icp_filing", _ANSWER, _ASK),
    ErrorCode(86368, "nothing to withdraw", "cancel_apply_icp_filing", _ANSWER, _ASK),
)
# fmt: on
CODES = {row.code: row for row in _TABLE}
"""Every errcode of the reference. One that is not here is tried again, at the usual pace."""


def _of(*follows: Follows) -> frozenset[int]:
    return frozenset(code for code, row in CODES.items() if row.follows in follows)


TOKEN_CODES = _of(Follows.TOKEN)
HEALING_CODES = _of(Follows.RETRY, Follows.MINUTE, Follows.DAY)
UNDER_REVIEW = frozenset({86324, 86358})
"""An order is under review, or not finished."""

DAY_SPREAD = timedelta(hours=1)
MINUTE_SPREAD = timedelta(seconds=30)
"""Over how long those that waited for the same instant come back, each at its own."""

_RID = re.compile(r"\brid:\s*([\w-]{1,64})")


class AuthorityError(Exception):
    """Root of what the authority's gateway raises. Texts hold no token and no personal data."""


class AuthorityUnavailable(AuthorityError, NotNow):
    """Not now: the network, a limit, or an answer that makes no sense. Try again, no sooner than
    `after` where it is set."""

    def __init__(self, text: str, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after


class AuthorityRefused(AuthorityError, MustBeMended):
    """Not until somebody changes a setting or an authorisation, named in the text."""

    def __init__(self, text: str, code: int | None = None, *, for_all: bool = False) -> None:
        super().__init__(text)
        self.code, self.for_all = code, for_all


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
        return AuthorityUnavailable(f"{call}: unexpected errcode {said(self.code, self.text)}")


def said(code: int, text: str) -> str:
    """The code with the request's id, which the platform's support asks for; no other text of
    theirs, for it may repeat what was sent: `45009 (rid 6743-1a2b)`."""
    found = _RID.search(text)
    return f"{code} (rid {found[1]})" if found else str(code)


def judged(
    path: str, code: int, text: str, now: datetime, spread_by: str
) -> AuthorityUnavailable | AuthorityRefused | None:
    """The error that a code is by itself, at a call of `path` and at `now`; None where it depends on
    the call. `spread_by`: who waits, so that not all come back at one instant."""
    row = CODES.get(code)
    what = f"{path}: errcode {said(code, text)}"
    if row is None:
        return None
    match row.follows:
        case Follows.RETRY:
            return AuthorityUnavailable(what)
        case Follows.MINUTE:
            spread = _spread(spread_by, MINUTE_SPREAD)
            return AuthorityUnavailable(what, timedelta(minutes=1) + spread)
        case Follows.DAY:
            return AuthorityUnavailable(what, until_tomorrow(now) + _spread(spread_by, DAY_SPREAD))
        case Follows.STOP | Follows.STOP_ALL:
            # It becomes a filing's note, and another note is news: the same for the same cause,
            # whichever call met it.
            for_all = row.follows is Follows.STOP_ALL
            return AuthorityRefused(
                f"errcode {code}; {row.meaning}: {row.remedy}", code, for_all=for_all
            )
        case _:
            return None


def until_tomorrow(now: datetime) -> timedelta:
    """How long until the next midnight in China, when the day's quotas begin anew."""
    here = now.astimezone(CHINA)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight - here


def _spread(of: str, over: timedelta) -> timedelta:
    """The same for the same name, anywhere."""
    return over * (zlib.crc32(of.encode()) / 2**32)
