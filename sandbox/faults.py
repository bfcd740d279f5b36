"""Faults on demand: what a network and a busy service do to a client, counted by path."""

import asyncio
import fnmatch
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.replies import answer

BEFORE = ("http_500", "busy", "rate_limit", "expired_token")
"""The call is not done: HTTP 500, errcode -1, errcode 45011, or its token has just run out."""
AFTER = ("http_504", "drop", "timeout", "bad_json")
"""The call is done and its answer lost: HTTP 504, a connection that breaks off in the middle, an
answer that does not come, or half a JSON."""
PUSH = ("push_lost", "push_twice")
KINDS = ("latency", *BEFORE, *AFTER, *PUSH)
EVERY_KIND_OF_CALL = (*BEFORE, *AFTER)

LATENCY_SECONDS, TIMEOUT_SECONDS = 1.0, 60.0


@dataclass
class Fault:
    """One rule: of the calls of `paths` (patterns as in `/wxa/icp/*`), the next `next` fail so, and
    `percent` of the others. `seconds`: how long `latency` and `timeout` take."""

    kind: str
    percent: float = 0.0
    next: int = 0
    paths: tuple[str, ...] = ("*",)
    seconds: float | None = None
    seed: int = 0
    dice: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Each kind throws its own dice, so that one more kind leaves the others' as they were.
        self.dice = random.Random(f"{self.seed} {self.kind}")  # noqa: S311 - no secret

    def hits(self, path: str) -> bool:
        """Whether this call, or push, is one of those."""
        if not any(fnmatch.fnmatchcase(path, pattern) for pattern in self.paths):
            return False
        if self.next:
            self.next -= 1
            return True
        return self.dice.random() * 100 < self.percent

    def shown(self) -> dict[str, Any]:
        """Without the dice."""
        return {name: value for name, value in asdict(self).items() if name != "dice"}


class Faults:
    """The rules, and how often each path was called, refused and made to fail."""

    def __init__(self, rules: Sequence[Fault] = ()) -> None:
        self.rules = list(rules)
        self.calls: Counter[str] = Counter()
        self.refusals: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.injected: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def reset_counts(self) -> None:
        """Begin to count anew."""
        self.calls.clear()
        self.refusals.clear()
        self.injected.clear()

    def counts(self) -> dict[str, Any]:
        """By path: calls, refusals by errcode, faults by kind."""
        return {
            path: {
                "calls": self.calls[path],
                "refusals": dict(self.refusals[path]),
                "faults": dict(self.injected[path]),
            }
            for path in sorted(set(self.calls) | set(self.injected))
        }

    def draw(self, path: str, kinds: Sequence[str]) -> Fault | None:
        """The fault that hits this call, counted; None where it goes well."""
        for rule in self.rules:
            if rule.kind in kinds and rule.hits(path):
                self.injected[path][rule.kind] += 1
                return rule
        return None

    def copies_of_push(self) -> int:
        """How often a push is sent."""
        fault = self.draw("push", PUSH)
        return 1 if fault is None else 0 if fault.kind == "push_lost" else 2


class FaultyCalls:
    """Around the whole application: lets calls of the authority's API fail as the rules say."""

    def __init__(
        self, app: ASGIApp, faults: Faults, expire_token: Callable[[Request], None]
    ) -> None:
        self._app = app
        self._faults = faults
        self._expire_token = expire_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/sandbox"):
            await self._app(scope, receive, send)
            return
        self._faults.calls[path] += 1
        if late := self._faults.draw(path, ("latency",)):
            await asyncio.sleep(LATENCY_SECONDS if late.seconds is None else late.seconds)
        fault = self._faults.draw(path, EVERY_KIND_OF_CALL)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "expired_token":
            self._expire_token(Request(scope))
            await self._app(scope, receive, send)
        elif fault.kind in BEFORE:
            await _refused(fault.kind)(scope, receive, send)
        else:
            await self._lose(fault, scope, receive, send)

    async def _lose(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the work, and do not tell."""
        body = bytearray()

        async def keep(message: Message) -> None:
            body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        if fault.kind == "http_504":
            await Response("gateway timeout", 504)(scope, receive, send)
        elif fault.kind == "bad_json":
            half = bytes(body[: len(body) // 2])
            await Response(half, media_type="application/json")(scope, receive, send)
        elif fault.kind == "drop":
            # The connection is closed where an answer ends before its length.
            start = Response(bytes(body), media_type="application/json")
            headers = start.raw_headers
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
        else:
            seconds = TIMEOUT_SECONDS if fault.seconds is None else fault.seconds
            try:
                async with asyncio.timeout(seconds):
                    while (await receive())["type"] != "http.disconnect":
                        pass
            except TimeoutError:
                await Response("gateway timeout", 504)(scope, receive, send)


def _refused(kind: str) -> Response:
    if kind == "http_500":
        return Response("internal server error", 500)
    if kind == "busy":
        return answer(-1, "system error")
    return answer(45011, "api minute-quota reach limit, must slower")
