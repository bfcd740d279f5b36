"""The authority's lists as they were fetched last, shared by all through the registry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from filing.application import Application
from filing.model import CHINA, Model
from filing.problems import Problem
from filing.vocabulary import CANCELLATIONS
from gateways.registry import Registry
from gateways.wechat.lists import NAMES, Lists
from gateways.wechat.names import Ids, identify


class ListAge(Model):
    """One list: when it was fetched, and how many items it has on all its levels."""

    name: str
    fetched_at: datetime
    items: int

    def age(self, now: datetime) -> int:
        """In seconds."""
        return max(int((now - self.fetched_at).total_seconds()), 0)


class KeptLists:
    """What the registry has of them. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool
        self._read: tuple[datetime, Lists] | None = None

    async def keep(self, name: str, items: Sequence[Mapping[str, Any]]) -> None:
        """Put a list in place of the one that was fetched before."""
        await self._pool.execute(
            "insert into authority_lists (name, fetched_at, items) values ($1, now(), $2)"
            " on conflict (name) do update set fetched_at = now(), items = excluded.items",
            name,
            list(items),
        )

    async def get(self) -> tuple[datetime, Lists] | None:
        """All of them, and when the oldest was fetched; None where one is missing."""
        oldest = await self._pool.fetchval(
            "select min(fetched_at) from authority_lists where name = any($1) having count(*) = $2",
            list(NAMES),
            len(NAMES),
        )
        if oldest is None:
            return None
        if self._read is None or self._read[0] != oldest:
            rows = await self._pool.fetch(
                "select name, items from authority_lists where name = any($1)", list(NAMES)
            )
            items = {row["name"]: tuple(row["items"]) for row in rows}
            self._read = (oldest, Lists(*(items[name] for name in NAMES)))
        return self._read

    async def ages(self) -> tuple[ListAge, ...]:
        """Of each list that is there."""
        rows = await self._pool.fetch(
            "select name, fetched_at, items from authority_lists order by name"
        )
        return tuple(
            ListAge(
                name=row["name"],
                fetched_at=row["fetched_at"].astimezone(CHINA),
                items=_count(row["items"]),
            )
            for row in rows
        )


class ListedNames:
    """Implements `activities.ports.ListedNames` by what the registry has; never over the network."""

    def __init__(self, registry: Registry) -> None:
        self._kept = KeptLists(registry)

    async def unlisted(self, application: Application) -> tuple[Problem, ...]:
        """See the protocol."""
        kept = None if application.kind in CANCELLATIONS else await self._kept.get()
        if kept is None:
            return ()
        found = identify(application, kept[1])
        if isinstance(found, Ids):
            return ()
        return tuple(
            Problem(
                path=reason.field,
                code="not_listed",
                message=reason.reason,
                fix=reason.suggestion or "",
                severity="warning",
            )
            for reason in found
        )


def _count(items: Sequence[Any]) -> int:
    return sum(
        1 + _count(item.get("sub_list") or ()) if isinstance(item, dict) else 0 for item in items
    )
