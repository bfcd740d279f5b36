"""What one filing of a side asks for: counted outside of the code, so that "the same number" is true.

PostgreSQL is told to log every statement (`log_statement`, without values) while one filing runs alone;
the authority counts its calls by itself (`/sandbox/calls`), the mail catcher its mails. Statements of the
whole stack are in it, of `start` and the receiver too; they are told apart by database.
"""

import asyncio
import re
from collections import Counter
from typing import Any

import asyncpg

from benchmarks.sides import Bench, as_superuser

SETTLED = 1.0
"""Seconds after a filing's end within which the last of it is written down."""
_LINE = re.compile(
    r"^(?P<database>\w+|\[unknown\]) \d+ LOG: +(?:statement|execute [^:\n]*):\s*(?P<verb>\w+)(?P<rest>.*)",
    re.MULTILINE,
)
_KINDS = {
    "select": "reads",
    "with": "reads",
    "insert": "writes",
    "update": "writes",
    "delete": "writes",
    "begin": "transactions",
    "savepoint": "savepoints",
}
RESET = "pg_advisory_unlock_all"
"""What asyncpg's pool sends when a connection is given back."""


async def counted(bench: Bench, side: str) -> dict[str, Any]:
    """Statements by database and kind, calls by path, and mails, of one filing."""
    log = bench.home / "logs" / "postgres.log"
    connection = await asyncpg.connect(as_superuser(bench.stack.info.database_url))
    await connection.execute("alter system set log_statement = 'all'")
    await connection.execute("alter system set log_line_prefix = '%d %p '")
    await connection.execute("select pg_reload_conf()")
    await asyncio.sleep(SETTLED)
    begin = log.stat().st_size
    calls, mails = await bench.people.desk.calls(), bench.people.mail.received
    await bench.play(side)
    await asyncio.sleep(SETTLED)
    calls = await bench.people.desk.calls() - calls
    mails = bench.people.mail.received - mails
    with log.open("rb") as written:
        written.seek(begin)
        text = written.read().decode("utf-8", "replace")
    await connection.execute("alter system reset all")
    await connection.execute("select pg_reload_conf()")
    await connection.close()
    return {
        "postgresql": _statements(text),
        "http_calls": dict(sorted(calls.items())),
        "http_calls_in_all": calls.total(),
        "mails": mails,
    }


def _statements(log: str) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for line in _LINE.finditer(log):
        if line["database"] == "postgres":
            continue
        kind = "resets" if RESET in line["rest"] else _KINDS.get(line["verb"].lower())
        if kind is not None:
            found.setdefault(line["database"], Counter())[kind] += 1
    return {database: dict(sorted(counts.items())) for database, counts in sorted(found.items())}
