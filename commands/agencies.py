"""Agencies by their names, where a command found nothing of one."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from commands.console import warn

if TYPE_CHECKING:
    from gateways.database import Pool

MOST_LIKE = 3
LIKE = 0.4
"""How like a name another must be to be told, of 1: Chinese names are short."""


async def tell_if_unknown(agency: str | None, pool: "Pool") -> None:
    """Where no filing names that agency: which names are like it."""
    from gateways.filing_lists import agencies

    if agency is None:
        return
    names = await agencies(pool)
    if agency in names:
        return
    near = [name for name in names if agency.strip() in name]
    near = near or get_close_matches(agency, names, MOST_LIKE, LIKE)
    hint = (
        f"did you mean {'、'.join(near[:MOST_LIKE])}?"
        if near
        else f"others that are known: {len(names)}"
    )
    warn(f"no filing names the agency {agency}, and names count as they are written; {hint}")
