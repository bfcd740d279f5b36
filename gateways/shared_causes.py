"""Causes that stop every filing alike, and whose notice tells operations of them."""

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from filing.notices import SAME_CAUSE_FOR, Notice
from gateways.registry import Registry

if TYPE_CHECKING:
    from gateways.database import Connection

TOLD_WITHIN: Final = timedelta(minutes=10)
"""How long whoever is to tell of a cause may take; then the next one tells."""
AGAIN_AFTER: Final = timedelta(minutes=10)
"""The least time between two notices of a cause that comes and goes."""


class Turn(Enum):
    """What a notice has to do about its cause."""

    TELLS = "tells"
    WAITS = "waits"
    """Another is about to tell, or to fail."""
    SHARED = "shared"
    """Another has told."""


class SharedCauses:
    """Implements `activities.ports.Stops`. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def over(self) -> None:
        """See the protocol."""
        await self._pool.execute("update shared_causes set over_at = now() where over_at is null")


async def turn(connection: "Connection", notice: Notice, since: datetime | None) -> Turn:
    """Whose turn it is to tell of the notice's cause; where it is this one's, that is written down.
    `since`: when the filing met it."""
    known = await connection.fetchrow(
        """
        select claimed_at, case
            when uid = $2 and sequence = $3 then 'tells'
            when sent_at >= $7 or over_at >= $7 then 'shared'
            when sent_at is null and claimed_at > now() - $4::interval then 'waits'
            when over_at is null and sent_at > now() - $5::interval then 'shared'
            when over_at is not null and sent_at > now() - $6::interval then 'waits'
            else 'tells' end as turn
        from shared_causes where cause = $1
        """,
        *_claim(notice),
        TOLD_WITHIN,
        SAME_CAUSE_FOR,
        AGAIN_AFTER,
        since,
    )
    # Looked at first without a lock: tens of thousands ask at once.
    if known is not None and known["turn"] != Turn.TELLS.value:
        return Turn(known["turn"])
    seen: datetime | None = known["claimed_at"] if known else None
    claimed = await connection.fetchval(
        """
        insert into shared_causes as known (cause, uid, sequence, claimed_at)
        values ($1, $2, $3, now())
        on conflict (cause) do update set uid = $2, sequence = $3, claimed_at = now(),
                sent_at = null,
                over_at = case when known.uid = $2 and known.sequence = $3 then known.over_at end
            where known.claimed_at = $4
        returning true
        """,
        *_claim(notice),
        seen,
    )
    return Turn.TELLS if claimed else Turn.WAITS


async def doubtful(connection: "Connection", notice: Notice, again_after: timedelta) -> None:
    """Operations may know: nobody else tells before this one tries again."""
    await connection.execute(
        "update shared_causes set claimed_at = now() + $4::interval"
        " where cause = $1 and uid = $2 and sequence = $3",
        *_claim(notice),
        again_after,
    )


async def told(connection: "Connection", notice: Notice) -> None:
    """Operations know."""
    await connection.execute(
        "update shared_causes set sent_at = now() where cause = $1 and uid = $2 and sequence = $3",
        *_claim(notice),
    )


async def failed(connection: "Connection", notice: Notice) -> None:
    """This one cannot tell: another may."""
    await connection.execute(
        "delete from shared_causes where cause = $1 and uid = $2 and sequence = $3"
        " and sent_at is null",
        *_claim(notice),
    )


def _claim(notice: Notice) -> tuple[str | None, str, int]:
    return notice.cause, notice.uid, notice.sequence
