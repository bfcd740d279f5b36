"""The registry as the record of what was handed to the authority."""

from activities.ports import Handing
from gateways.registry import Registry


class SubmissionLedger:
    """Implements `activities.ports.Submissions`. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def handing(self, uid: str, round: int) -> Handing:
        """See `activities.ports.Submissions.handing`."""
        row = await self._pool.fetchrow(
            "select taken_at from submissions where uid = $1 and round = $2", uid, round
        )
        if row is None:
            return Handing.NOT_BEGUN
        return Handing.BEGUN if row["taken_at"] is None else Handing.TAKEN

    async def begin(self, uid: str, round: int) -> None:
        """See `activities.ports.Submissions.begin`."""
        await self._pool.execute(
            "insert into submissions (uid, round) values ($1, $2) on conflict do nothing",
            uid,
            round,
        )

    async def taken(self, uid: str, round: int) -> None:
        """See `activities.ports.Submissions.taken`."""
        await self._pool.execute(
            "insert into submissions (uid, round, taken_at) values ($1, $2, now())"
            " on conflict (uid, round) do update set taken_at = now()"
            " where submissions.taken_at is null",
            uid,
            round,
        )
