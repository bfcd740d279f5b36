"""Whether the materials store still has what the filings refer to, byte for byte."""

import asyncio
from collections.abc import Callable

from filing.model import Model
from gateways.material_references import MaterialReference, material_references
from gateways.materials import MaterialDamaged, MaterialMissing, MaterialsStore, hash_of
from gateways.registry import Registry

AT_ONCE = 8
"""Contents that are read at the same time."""


class Fault(Model):
    """Content that is missing or damaged, and who refers to it: nobody, where it is an orphan."""

    sha256: str
    references: tuple[MaterialReference, ...]


class MaterialsReport(Model):
    """What was found. `read`: contents that were whole; `bytes`: their sizes together; `orphans`:
    the keys in the storage that no application refers to, sorted."""

    referred: int
    read: int
    bytes: int
    missing: tuple[Fault, ...]
    damaged: tuple[Fault, ...]
    orphans: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not self.missing and not self.damaged


Progress = Callable[[int, int], None]
"""Told (done, total), in contents."""


async def verify_materials(
    registry: Registry, store: MaterialsStore, *, closed: bool, progress: Progress
) -> MaterialsReport:
    """Read every stored content, and look for every one that an application of an open filing, or
    of a `closed` one too, refers to.

    Raises what `Registry` and `MaterialsStore` do where one of them fails on the way.
    """
    # The references first: what is stored in between is an orphan for now, never missing.
    known: set[str] = set()
    referred: dict[str, list[MaterialReference]] = {}
    async for reference in material_references(registry.pool):
        known.add(reference.sha256)
        if reference.open or closed:
            referred.setdefault(reference.sha256, []).append(reference)
    keys = {key: hash_of(key) async for key in store.everything()}
    wanted = sorted(referred.keys() | {sha256 for sha256 in keys.values() if sha256})
    sizes: list[int] = []
    missing, damaged = [], []
    for batch in _batches(wanted):
        answers = await asyncio.gather(*(_look(store, sha256) for sha256 in batch))
        for sha256, answer in zip(batch, answers, strict=True):
            fault = Fault(sha256=sha256, references=_sorted(referred.get(sha256, [])))
            if isinstance(answer, int):
                sizes.append(answer)
            elif isinstance(answer, MaterialDamaged):
                damaged.append(fault)
            elif fault.references:  # else it was removed meanwhile, and nobody wants it
                missing.append(fault)
        progress(len(sizes) + len(missing) + len(damaged), len(wanted))
    return MaterialsReport(
        referred=len(referred),
        read=len(sizes),
        bytes=sum(sizes),
        missing=tuple(missing),
        damaged=tuple(damaged),
        orphans=tuple(sorted(key for key, sha256 in keys.items() if sha256 not in known)),
    )


async def _look(store: MaterialsStore, sha256: str) -> int | MaterialMissing | MaterialDamaged:
    try:
        return await store.check(sha256)
    except (MaterialMissing, MaterialDamaged) as error:
        return error


def _batches(wanted: list[str]) -> list[list[str]]:
    return [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]


def _sorted(references: list[MaterialReference]) -> tuple[MaterialReference, ...]:
    return tuple(sorted(references, key=lambda r: (r.filing_id, r.uid, r.round, r.path)))
