"""Benchmarks as somebody runs them."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def written_by(module: str, *options: str, results: Path) -> dict[str, Any]:
    """What a benchmark wrote, once it has ended well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, "--results", str(results), *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()[-3000:]
    written: dict[str, Any] = json.loads(
        await asyncio.to_thread(results.read_text, encoding="utf-8")
    )
    return written
