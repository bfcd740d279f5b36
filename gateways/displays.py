"""Which numbers are shown, and since when: a table of the registry."""

from filing.display import DisplayState, DisplayStatus
from filing.display_view import DisplayAnswer, display_answer
from gateways.event_log import storable
from gateways.registry import Registry


class DisplayRegistry:
    """Implements `activities.ports.Displays`, and what is read of it. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def write(self, state: DisplayState) -> None:
        """See the protocol. Writing the same twice, also at the same time, changes nothing."""
        duty, shown = state.duty, state.status is DisplayStatus.DISPLAYED
        row = (
            duty.number,
            duty.uid,
            duty.filing_id,
            duty.appid,
            state.status.value,
            state.sequence,
            state.started_at,
            state.plan.ends_at,
            state.displayed_at,
            state.by if shown else None,
            state.note,
            state.ended_at,
            display_answer(state).model_dump(mode="json"),
        )
        await self._pool.execute(UPSERT, *storable(list(row)))

    async def waiting(self, number: str) -> tuple[str, ...]:
        """See the protocol."""
        rows = await self._pool.fetch(
            "select number from displays where closed_at is null"
            " and (number = $1 or starts_with(number, $1 || '-')) order by number",
            number,
        )
        return tuple(row["number"] for row in rows)

    async def of_number(self, number: str) -> DisplayAnswer | None:
        """Whether a number is shown, as it was last written down; None where it was never to be."""
        view = await self._pool.fetchval("select view from displays where number = $1", number)
        return None if view is None else DisplayAnswer.model_validate(view)

    async def find(self, id: str) -> DisplayAnswer | None:
        """The display of a number, or of a filing's workflow id, uid or appid: of several the one
        that is waited for, else the latest."""
        view = await self._pool.fetchval(
            """
            select view from displays
            where number = $1 or 'display-' || number = $1
                or uid = $1 or filing_id = $1 or appid = $1
            order by closed_at is null desc, started_at desc
            limit 1
            """,
            id,
        )
        return None if view is None else DisplayAnswer.model_validate(view)


UPSERT = """
insert into displays (
    number, uid, filing_id, appid, status, sequence, started_at, ends_at, displayed_at,
    displayed_by, note, closed_at, view
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (number) do update set
    status = excluded.status, sequence = excluded.sequence, ends_at = excluded.ends_at,
    displayed_at = excluded.displayed_at, displayed_by = excluded.displayed_by,
    note = excluded.note, closed_at = excluded.closed_at, view = excluded.view, updated_at = now()
where displays.sequence <= excluded.sequence
"""
