"""Tickets, codes and tokens of the third-party platform (reference section 7, Tokens)."""

import secrets
import time

from sandbox.store import Store

COMPONENT_APPID = "wxc0ffee0000000001"
COMPONENT_SECRET = "sandbox-component-secret"  # noqa: S105 - opens nothing but a sandbox
COMPONENT_TICKET = "ticket@@@sandbox"
REFRESH_TOKEN = "refreshtoken@@@sandbox"  # noqa: S105
"""What a third-party platform has to show: any mini program has authorised it. The ticket is good
until the first pushed one has been delivered, the refresh token until the mini program authorises
the platform anew."""

TOKEN_SECONDS = 7200
TICKET_SECONDS = 12 * 3600
PREAUTH_SECONDS = 1800
AUTHORISATION_SECONDS = 3600
"""Life of an authorization code; the reference does not say."""


class Tokens:
    """What has been issued. `overlap`: seconds for which a token lives on when the next of its
    owner is issued; None leaves it to its own end (the reference does not say)."""

    def __init__(self, store: Store, overlap: float | None = None) -> None:
        self._store = store
        self._overlap = overlap

    def issue(self, kind: str, appid: str | None) -> str:
        """A new token of `kind` (`component`, `authorizer`), good for `TOKEN_SECONDS`."""
        token = secrets.token_urlsafe(48)
        now = time.time()
        with self._store.transaction() as db:
            db.execute("delete from tokens where expires_at < ?", (now - 86400,))
            if self._overlap is not None:
                db.execute(
                    "update tokens set expires_at = min(expires_at, ?) where kind = ? and appid is ?",
                    (now + self._overlap, kind, appid),
                )
            db.execute(
                "insert into tokens values (?, ?, ?, ?)", (token, kind, appid, now + TOKEN_SECONDS)
            )
        return token

    def owner(self, token: str, kind: str) -> tuple[str | None, bool] | None:
        """(appid, still good) of a token; None where no such token was issued."""
        rows = self._store.read(
            "select appid, expires_at from tokens where token = ? and kind = ?", token, kind
        )
        for appid, expires_at in rows:
            return appid, expires_at > time.time()
        return None

    def expire(self, appid: str | None = None) -> int:
        """End every token now, or those of one mini program; gives how many there were."""
        now = time.time()
        with self._store.transaction() as db:
            return db.execute(
                "update tokens set expires_at = ?1 where expires_at > ?1"
                " and (?2 is null or appid = ?2)",
                (now, appid),
            ).rowcount

    def expire_one(self, token: str) -> None:
        """End this token now."""
        with self._store.transaction() as db:
            db.execute("update tokens set expires_at = ? where token = ?", (time.time(), token))

    def new_ticket(self) -> str:
        """A ticket to be pushed; it counts once it has been `delivered`."""
        return f"ticket@@@{secrets.token_urlsafe(48)}"

    def ticket_delivered(self, ticket: str) -> None:
        """From here on the platform has to show a pushed ticket."""
        now = time.time()
        with self._store.transaction() as db:
            db.execute("delete from tickets where issued_at < ?", (now - TICKET_SECONDS,))
            db.execute("insert or ignore into tickets values (?, ?)", (ticket, now))
            self._store.set("pushed_tickets", "1")

    def good_ticket(self, ticket: object) -> bool:
        """Whether a platform's own token may be had for it."""
        if self._store.setting("pushed_tickets") is None:
            return ticket == COMPONENT_TICKET
        oldest = time.time() - TICKET_SECONDS
        sql = "select 1 from tickets where ticket = ? and issued_at > ?"
        return isinstance(ticket, str) and bool(self._store.read(sql, ticket, oldest))

    def preauth_code(self) -> str:
        """For the page on which a mini program's owner authorises the platform."""
        return self._code("preauthcode", None, PREAUTH_SECONDS)

    def authorisation_code(self, appid: str) -> str:
        """What the owner's yes gives the platform."""
        return self._code("queryauthcode", appid, AUTHORISATION_SECONDS)

    def redeem(self, code: object) -> str | None:
        """The mini program of an authorization code, once; None where it is unknown or too old."""
        with self._store.transaction() as db:
            row = db.execute(
                "delete from codes where code = ? and kind = 'queryauthcode' and expires_at > ?"
                " returning appid",
                (code if isinstance(code, str) else "", time.time()),
            ).fetchone()
        return None if row is None else str(row[0])

    def new_refresh_token(self, appid: str) -> str:
        """After an authorisation: the one before, and the sandbox's common one, end."""
        token = f"refreshtoken@@@{secrets.token_urlsafe(32)}"
        with self._store.transaction() as db:
            db.execute("insert or replace into refresh_tokens values (?, ?)", (appid, token))
        return token

    def refresh_token(self, appid: str) -> str:
        """The one that is good for a mini program."""
        rows = self._store.read("select token from refresh_tokens where appid = ?", appid)
        return str(rows[0][0]) if rows else REFRESH_TOKEN

    def _code(self, kind: str, appid: str | None, seconds: int) -> str:
        code = f"{kind}@@@{secrets.token_urlsafe(32)}"
        now = time.time()
        with self._store.transaction() as db:
            db.execute("delete from codes where expires_at < ?", (now,))
            db.execute("insert into codes values (?, ?, ?, ?)", (code, appid, kind, now + seconds))
        return code
