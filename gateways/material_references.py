"""Which contents of the materials store the registry's applications refer to."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from filing.model import Model

if TYPE_CHECKING:
    from gateways.database import Pool

PREFETCH = 1000
"""Rows of one fetch."""


class MaterialReference(Model):
    """One material of one round of a filing. `path` is as in `materials.2.file`; the file's own
    name is left out, for it may be somebody's. `open`: the filing has not ended. The uid of a row that
    is still to be started is its batch."""

    sha256: str
    filing_id: str
    uid: str
    round: int
    path: str
    open: bool


async def material_references(pool: "Pool") -> AsyncIterator[MaterialReference]:
    """Every material of every round of every application, as they are at one moment.

    Streamed: the registry may hold many more than fit in memory. Raises what `Registry` does.
    """
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        # The filing's row may be missing, as after a restored backup.
        async for row in connection.cursor(
            """
            select material.value->>'sha256' as sha256, coalesce(filing_id, uid) as filing_id, uid,
                applications.round as round, 'materials.' || (ordinality - 1) || '.file' as path,
                coalesce(closed_at is null and filing_id is not null, false) as open
            from applications
                left join filings using (uid)
                cross join lateral
                    jsonb_array_elements(application->'materials') with ordinality as material
            where material.value->>'sha256' is not null
            union all
            -- Of rows of batches that are still to be started.
            select material.value->>'sha256', filing_id, batch, 1,
                'materials.' || (ordinality - 1) || '.file', true
            from batch_rows cross join lateral
                jsonb_array_elements(work->'materials') with ordinality as material
            where result = 'pending' and work ? 'materials'
            """,
            prefetch=PREFETCH,
        ):
            yield MaterialReference(**dict(row))
