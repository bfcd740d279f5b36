"""The notice ledger, in the registry's database: what was sent to whom, and what is not certain."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from activities.ports import AnotherTells
from filing.notices import Delivery, Notice
from gateways import shared_causes
from gateways.notices import notice_key
from gateways.registry import Registry
from gateways.shared_causes import Turn

if TYPE_CHECKING:
    from gateways.database import Connection


class NoticeLedger:
    """Implements `activities.ports.Ledger`. Raises what `Registry` raises.

    A notice is `sending` from `begin` until `end` or `failed`. Where a second `begin` finds it so,
    the first attempt's end is unknown, and the notice stays `possibly_doubled` for good, also if
    the second attempt fails. `sent_at` alone tells whether it was sent for certain.

    Of notices with the same cause one is sent within `SAME_CAUSE_FOR`, and the others are `shared`
    once it was: until then they wait, so that another tells where that one fails.
    """

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def begin(self, notice: Notice, since: datetime | None = None) -> Delivery | None:
        """See the protocol. A notice that had no channel may be sent once there is one: None."""
        async with self._pool.acquire() as connection, connection.transaction():
            if notice.cause is not None:
                ended = await _shared(connection, notice, since)
                if ended is not None:
                    return ended
            inserted = await connection.fetchval(
                "insert into notices (uid, sequence, purpose, audience, state)"
                " values ($1, $2, $3, $4, 'sending') on conflict do nothing returning true",
                *_key(notice),
            )
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
            if notice.cause is not None and delivery is Delivery.NO_CHANNEL:
                await shared_causes.failed(connection, notice)
            elif notice.cause is not None:
                await shared_causes.told(connection, notice)
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

    async def failed(self, notice: Notice, reason: str) -> None:
        """See the protocol. Changes nothing where another attempt had sent it.
        Raises `LookupError` where `begin` was never called."""
        async with self._pool.acquire() as connection:
            if notice.cause is not None:
                await shared_causes.failed(connection, notice)
            done = await connection.execute(
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

    async def doubtful(self, notice: Notice, again_after: timedelta) -> None:
        """See the protocol."""
        if notice.cause is not None:
            async with self._pool.acquire() as connection:
                await shared_causes.doubtful(connection, notice, again_after)


async def _shared(
    connection: "Connection", notice: Notice, since: datetime | None
) -> Delivery | None:
    """How a notice ends whose cause another has told of; None where this one is to tell."""
    sent = await connection.fetchval(
        "select sent_at is not null from notices"
        " where uid = $1 and sequence = $2 and purpose = $3 and audience = $4",
        *_key(notice),
    )
    if sent:
        return Delivery.ALREADY_SENT
    turn = await shared_causes.turn(connection, notice, since)
    if turn is Turn.WAITS:
        raise AnotherTells("another filing's notice is telling of the same cause")
    if turn is Turn.TELLS:
        return None
    await connection.execute(
        """
        insert into notices (uid, sequence, purpose, audience, state)
        values ($1, $2, $3, $4, 'shared')
        on conflict (uid, sequence, purpose, audience) do update
            set last_at = now(), reason = null,
                state = case when notices.state in ('sending', 'possibly_doubled')
                    then 'possibly_doubled' else 'shared' end
            where notices.sent_at is null
        """,
        *_key(notice),
    )
    return Delivery.SHARED


def _key(notice: Notice) -> tuple[str, int, str, str]:
    return notice.uid, notice.sequence, notice.purpose.value, notice.audience.value


def _require_begun(notice: Notice, done: str) -> None:
    if done == "UPDATE 0":
        raise LookupError(f"the notice {notice_key(notice)} was never begun")
