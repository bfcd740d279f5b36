"""The listing rule for operations: one mini program, all that are exposed, and what a sweep would do."""

from collections.abc import AsyncIterator
from datetime import date

from filing.listing import (
    MiniProgramFacts,
    Standing,
    Verdict,
    judge,
    listing_rule,
    step_due,
)
from filing.model import Model
from filing.sweep import Known, OpenFiling, Told
from gateways.inventory import Inventory
from gateways.registry import Registry

PAGE = 1000
"""Mini programs that are read at once."""


class Listing(Model):
    """What the rule says of one mini program, and what to do next."""

    appid: str
    name: str | None
    in_inventory: bool
    verdict: Verdict
    open_filing: OpenFiling | None
    next: str
    """In plain English; with the command."""


async def listing_of(appid: str, day: date, registry: Registry) -> Listing:
    """The rule's verdict. A mini program that nobody has told of counts as not listed."""
    known = await Inventory(registry).known(appid)
    if known is None:
        facts = MiniProgramFacts(listed_since=None)
        known = Known(appid=appid, name=None, contact=None, facts=facts, open_filing=None)
    verdict = judge(known.facts, day, listing_rule())
    return Listing(
        appid=appid,
        name=known.name,
        in_inventory=known.contact is not None,
        verdict=verdict,
        open_filing=known.open_filing,
        next=_next(known, verdict),
    )


def _next(known: Known, verdict: Verdict) -> str:
    if known.open_filing is not None:
        filing = known.open_filing
        return (
            f"its filing {filing.filing_id} is at {filing.status} ({filing.status_label}): "
            f"`starter.py show {filing.filing_id}`"
        )
    if verdict.filing_number:
        return "nothing"
    file_it = "write its application, then `starter.py check FILE` and `starter.py start FILE`"
    if verdict.marked:
        return f"{file_it}; until it has a number it may be removed any day"
    if verdict.may_stay_until is not None:
        return f"{file_it}; a number is needed by {verdict.may_stay_until}"
    return file_it


class Unfiled(Model):
    """A mini program that is listed without a number."""

    appid: str
    name: str
    listed_since: date
    standing: Standing
    deadline: date
    """The last day on which it may stay; past where it is marked for clear-out."""
    told: Told | None
    """The last notice that its owner got of that day."""
    step_due: int | None
    """The notice that is due on the day asked for, told or not: days before the last one, or 0."""
    open_filing: OpenFiling | None

    @property
    def untold(self) -> bool:
        """Whether a notice is due that its owner has not got."""
        # Who was told of fewer days is not told of more.
        return self.step_due is not None and (self.told is None or self.told.step > self.step_due)


async def unfiled(day: date, limit: int, registry: Registry) -> list[Unfiled]:
    """Who is listed without a number on that day, in order of their appids."""
    found: list[Unfiled] = []
    async for _, exposed in _exposed(day, registry):
        found += exposed
        if len(found) >= limit:
            break
    return found[:limit]


class Foreseen(Model):
    """What a sweep of a day would do, by what is known now."""

    day: date
    examined: int
    marked: int
    """Marked for clear-out on that day."""
    untold: int
    """Owners who would be told."""
    open_filings: int
    """Marked ones with an open filing, of which operations are told."""
    mini_programs: tuple[Unfiled, ...]
    """Those that something is done about; the first ones."""


async def foresee(day: date, limit: int, registry: Registry) -> Foreseen:
    """What a sweep of that day would do. Sends and writes nothing."""
    examined = marked = untold = open_filings = 0
    first: list[Unfiled] = []
    async for size, exposed in _exposed(day, registry):
        examined += size
        concerned = [one for one in exposed if one.untold or one.standing is Standing.CLEAR_OUT]
        untold += sum(one.untold for one in concerned)
        cleared = [one for one in concerned if one.standing is Standing.CLEAR_OUT]
        marked += len(cleared)
        open_filings += sum(one.open_filing is not None for one in cleared)
        first += concerned[: limit - len(first)]
    return Foreseen(
        day=day,
        examined=examined,
        marked=marked,
        untold=untold,
        open_filings=open_filings,
        mini_programs=tuple(first),
    )


async def _exposed(day: date, registry: Registry) -> AsyncIterator[tuple[int, list[Unfiled]]]:
    """Who is listed without a number, some at a time so that memory stays small, each time with how
    many mini programs were looked at."""
    inventory, rule = Inventory(registry), listing_rule()
    after = ""
    while page := await inventory.page(after, PAGE):
        after = page[-1].appid
        judged = [(known, judge(known.facts, day, rule)) for known in page]
        told = await inventory.told(
            [(k.appid, v.clear_out_from) for k, v in judged if v.clear_out_from is not None]
        )
        rows = [
            Unfiled(
                appid=known.appid,
                name=known.name or known.appid,
                listed_since=verdict.listed_since,
                standing=verdict.standing,
                deadline=verdict.may_stay_until,
                told=told.get(known.appid),
                step_due=step_due(verdict, rule),
                open_filing=known.open_filing,
            )
            for known, verdict in judged
            if verdict.listed_since is not None and verdict.may_stay_until is not None
        ]
        yield len(page), rows
