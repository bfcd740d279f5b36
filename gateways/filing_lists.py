"""Which filings a list holds, as SQL: only the conditions that were asked for, so that each question
finds the index that answers it."""

import unicodedata
from typing import TYPE_CHECKING, Any

from filing.records import ListedFiling, ListQuery
from gateways.database import columns
from gateways.event_log import storable

if TYPE_CHECKING:
    from gateways.database import Pool

_CONDITIONS = {
    "status": "status = {}",
    "kind": "kind = {}",
    "province": "province = {}",
    "waiting_for": "waiting_for = {}",
    "overdue": "overdue = {}",
    "due_before": "due_at < {}",
    "held": "(view->>'held')::boolean = {}",
    "agency": "agency = {}",
    "customer": "customer = {}",
    # The index narrows it down by all pairs of characters; the rest must stand in their order.
    "name": "uid in (select uid from filing_names where name_parts(name) @> name_parts({0}::text)"
    " and position(name_folded({0}::text) in name_folded(name)) > 0)",
    "number": "(filing_number like {0} or subject_number like {0})",
}
"""By the filter's name in `ListQuery`; `{}` is its value."""


async def list_filings(pool: "Pool", query: ListQuery) -> list[ListedFiling]:
    """Filings that fit all filters, the next deadline first, those without one last."""
    where, values = conditions(query)
    rows = await pool.fetch(
        f"""
        select filing_id, uid, kind, applicant_type, province, mini_program, status,
            view->>'status_label' as status_label, round, waiting_for, entered_at, due_at,
            overdue, provisional, filing_number, (view->>'held')::boolean as held,
            coalesce((view->>'held_by_authority')::boolean, false) as held_by_authority,
            agency, customer
        from filings
        where {where}
        order by due_at nulls last, started_at, uid
        limit {query.limit:d}
        """,  # noqa: S608 — of our own conditions; what people give are parameters
        *values,
    )
    return [ListedFiling(**columns(row)) for row in rows]


async def agencies(pool: "Pool") -> list[str]:
    """The agencies that filings name, in order."""
    rows = await pool.fetch(
        "select distinct agency from filings where agency is not null order by agency"
    )
    return [row["agency"] for row in rows]


def conditions(query: ListQuery) -> tuple[str, list[Any]]:
    """The `where` of a list, and the values of its parameters in order."""
    where, values = ["closed_at is null"] if query.open_only else ["true"], []
    for name, condition in _CONDITIONS.items():
        value = getattr(query, name)
        if value is not None:
            values.append(_begins(value) if name == "number" else storable(value))
            where.append(condition.format(f"${len(values)}"))
    return " and ".join(where), values


def _begins(number: str) -> str:
    """The pattern of all that begins with a number as people write it."""
    from filing.numbers import canonical

    written = canonical(unicodedata.normalize("NFKC", number).strip().upper()) or ""
    for special in "\\%_":
        written = written.replace(special, "\\" + special)
    return str(storable(written)) + "%"
