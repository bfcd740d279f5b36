"""The notice ledger, in the registry's database: what was sent to whom, and what is not certain."""

from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import asyncpg

from filing.notices import SAME_CAUSE_FOR, Delivery, Notice
from gateways.notices import notice_key
from gateways.registry import Registry

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

TOLD_WITHIN: Final = timedelta(minutes=10)
"""How long whoever is to tell of a cause may take; then the next one tells."""

_TOLD = """
update shared_causes set sent_at = now() where cause = $1 and uid = $2 and sequence = $3
"""
_LET_ANOTHER = """
delete from shared_causes where cause = $1 and uid = $2 and sequence = $3 and sent_at is null
"""


class NoticeLedger:
    """Implements `activities.ports.Ledger`. Raises what `Registry` raises.

    A notice is `sending` from `begin` until `end` or `failed`. Where a second `begin` finds it so,
    the first attempt's end is unknown, and the notice stays `possibly_doubled` for good, also if
    the second attempt fails. `sent_at` alone tells whether it was sent for certain.

    Of notices with the same cause one is sent within `SAME_CAUSE_FOR`, by whichever begins first;
    the others are `shared`, unless that one fails.
    """

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def begin(self, notice: Notice) -> Delivery | None:
        """See the protocol. A notice that had no channel may be sent once there is one: None."""
        async with self._pool.acquire() as connection, connection.transaction():
            told = notice.cause is not None and not await _claimed(connection, notice)
            inserted = await connection.fetchval(
                "insert into notices (uid, sequence, purpose, audience, state)"
                " values ($1, $2, $3, $4, $5) on conflict do nothing returning true",
                *_key(notice),
                "shared" if told else "sending",
            )
            if told:
                return Delivery.SHARED
            if inserted:
                return None
            # One statement, so that of several at once each sees what the one before left.
            state = await connection.fetchval(
                """
                update notices set attempts = attempts + 1, last_at = now(),
                    state = case when state in ('failed', 'no_channel', 'shared') then 'sending'
                        else 'possibly_doubled' end
                where uid = $1 and sequence = $2 and purpose = $3 and audience = $4
                    and sent_at is null
                returning state
                """,
                *_key(notice),
            )
        if state is None:
            return Delivery.ALREADY_SENT
        return Delivery.POSSIBLY_DOUBLED if state == "possibly_doubled" else None

    async def end(self, notice: Notice, delivery: Delivery) -> None:
        """See the protocol. Raises `LookupError` where `begin` was never called."""
        if delivery in (Delivery.ALREADY_SENT, Delivery.SHARED):
            return
        # One statement needs no transaction of its own.
        alone = nullcontext()
        async with (
            self._pool.acquire() as connection,
            alone if notice.cause is None else connection.transaction(),
        ):
            done = await connection.execute(
                """
                update notices set last_at = now(), reason = null,
                    state = case when state = 'possibly_doubled' then state else $5 end,
                    sent_at = case when $5 = 'no_channel' then sent_at
                        else coalesce(sent_at, now()) end
                where uid = $1 and sequence = $2 and purpose = $3 and audience = $4
                """,
                *_key(notice),
                delivery.value,
            )
            _require_begun(notice, done)
            if notice.cause is not None and delivery is Delivery.NO_CHANNEL:
                await connection.execute(_LET_ANOTHER, *_claim(notice))
            elif notice.cause is not None:
                await connection.execute(_TOLD, *_claim(notice))

    async def failed(self, notice: Notice, reason: str) -> None:
        """See the protocol. Changes nothing where another attempt had sent it.
        Raises `LookupError` where `begin` was never called."""
        done = await self._pool.execute(
            """
            update notices set
                last_at = case when sent_at is null then now() else last_at end,
                state = case when state = 'sending' then 'failed' else state end,
                reason = case when sent_at is null then $5 else reason end
            where uid = $1 and sequence = $2 and purpose = $3 and audience = $4
            """,
            *_key(notice),
            reason,
        )
        _require_begun(notice, done)
        if notice.cause is not None:
            await self._pool.execute(_LET_ANOTHER, *_claim(notice))


async def _claimed(connection: "Connection", notice: Notice) -> bool:
    """Whether this notice is to tell of its cause: nobody has done so lately, or is about to."""
    claimed: bool | None = await connection.fetchval(
        """
        insert into shared_causes as known (cause, uid, sequence, claimed_at)
        values ($1, $2, $3, now())
        on conflict (cause) do update
            set uid = $2, sequence = $3, claimed_at = now(), sent_at = null
            where (known.uid = $2 and known.sequence = $3 and known.sent_at is null)
                or known.sent_at <= now() - $4::interval
                or (known.sent_at is null and known.claimed_at <= now() - $5::interval)
        returning true
        """,
        *_claim(notice),
        SAME_CAUSE_FOR,
        TOLD_WITHIN,
    )
    return claimed is True


def _claim(notice: Notice) -> tuple[str | None, str, int]:
    return notice.cause, notice.uid, notice.sequence


def _key(notice: Notice) -> tuple[str, int, str, str]:
    return notice.uid, notice.sequence, notice.purpose.value, notice.audience.value


def _require_begun(notice: Notice, done: str) -> None:
    if done == "UPDATE 0":
        raise LookupError(f"the notice {notice_key(notice)} was never begun")
