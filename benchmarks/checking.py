"""The rules alone, on applications whose materials are in the store, against bare pydantic parsing."""

import asyncio
import time
from datetime import date
from typing import Any

from benchmarks.rounds import ratio
from filing.application import Application
from filing.checks import check
from filing.checks_holdings import check_holdings
from filing.files import FileFacts
from filing.holdings import Holdings
from operations.services import Services, now
from tests.playing import of_another_subject


async def check_vs_parse(
    services: Services, example: Application, rounds: int, applications: int
) -> dict[str, Any]:
    """Applications per second: every rule, over `Application.model_validate_json`."""
    parsed = tuple(of_another_subject(example) for _ in range(applications))
    given = [one.model_dump_json(exclude_none=True) for one in parsed]
    facts = {
        material.file: await services.materials.facts(material.sha256, material.file)
        for material in example.materials
        if material.sha256 is not None
    }
    today = now().date()
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(await asyncio.to_thread(_checked, parsed, facts, today))
        theirs.append(await asyncio.to_thread(_parsed, given))
    return ratio(
        ours,
        theirs,
        "applications per second in one thread: held against every rule, with what the materials "
        f"store says of their files, over Application.model_validate_json; {applications} a round",
    )


def _checked(given: tuple[Application, ...], facts: dict[str, FileFacts], today: date) -> float:
    begun = time.perf_counter()
    for application in given:
        assert not check(application, facts, today)
        assert not tuple(check_holdings(application, Holdings()))
    return len(given) / (time.perf_counter() - begun)


def _parsed(given: list[str]) -> float:
    begun = time.perf_counter()
    for one in given:
        Application.model_validate_json(one)
    return len(given) / (time.perf_counter() - begun)
