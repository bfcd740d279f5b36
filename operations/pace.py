"""A pace for what is sent to many filings: the server and the workers have other work too."""

import asyncio


class Pace:
    """Lets at most `rate` a second pass, evenly spread, however many wait."""

    def __init__(self, rate: float) -> None:
        if not rate > 0:
            raise ValueError(f"a pace is some number a second, not {rate}")
        self._gap = 1 / rate
        self._next = 0.0

    async def pass_(self) -> None:
        """Wait until it is one's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._gap
        if turn > now:
            await asyncio.sleep(turn - now)
