"""The registry as the record of what was given to the authority, which has no key for a request:
applications, files and face checks of each round. Outlives attempts, workers and runs."""

from dataclasses import dataclass
from datetime import datetime

from gateways.registry import Registry


@dataclass(frozen=True)
class Round:
    """A filing's round: what the records are of."""

    uid: str
    number: int
    appid: str


@dataclass(frozen=True)
class Handing:
    """How far a round's application has got on its way."""

    begun: bool = False
    """The authority may have it: its answer was lost, if there was one."""
    before: str | None = None
    """What stood there right before."""
    taken: bool = False
    """The authority has it."""
    procedure_id: str | None = None
    """Of the combined verification and filing, if it went that way."""
    pay_url: str | None = None


@dataclass(frozen=True)
class FaceTask:
    """A face check that was begun and is not known to be over."""

    task_id: str
    link: str | None
    created_at: datetime


MediaKey = tuple[str, int | None]
"""A file's content, and as which type of certificate it was uploaded."""

_NO_CERTIFICATE = -1


class SubmissionLedger:
    """Each method is one statement; doing it twice is doing it once. Raises what `Registry` raises."""

    def __init__(self, registry: Registry) -> None:
        self._pool = registry.pool

    async def handing(self, of: Round) -> Handing:
        """How far this round's application has got."""
        row = await self._pool.fetchrow(
            "select before, taken_at, procedure_id, pay_url from submissions"
            " where uid = $1 and round = $2",
            of.uid,
            of.number,
        )
        if row is None:
            return Handing()
        taken = row["taken_at"] is not None
        return Handing(True, row["before"], taken, row["procedure_id"], row["pay_url"])

    async def latest(self, appid: str, uid: str | None = None) -> Handing:
        """How far the application got that was begun last of a mini program; of this filing alone,
        where one is named."""
        row = await self._pool.fetchrow(
            "select uid, round from submissions where appid = $1 and ($2::text is null or uid = $2)"
            " order by begun_at desc limit 1",
            appid,
            uid,
        )
        if row is None:
            return Handing()
        return await self.handing(Round(row["uid"], row["round"], appid))

    async def begin(self, of: Round, before: str) -> None:
        """Right before it is applied for: from here on an order that is there may be this one."""
        await self._pool.execute(
            "insert into submissions (uid, round, appid, before) values ($1, $2, $3, $4)"
            " on conflict do nothing",
            of.uid,
            of.number,
            of.appid,
            before,
        )

    async def taken(
        self, of: Round, procedure_id: str | None = None, pay_url: str | None = None
    ) -> None:
        """The authority has it."""
        await self._pool.execute(
            """
            insert into submissions (uid, round, appid, taken_at, procedure_id, pay_url)
            values ($1, $2, $3, now(), $4, $5)
            on conflict (uid, round) do update set
                appid = excluded.appid,
                taken_at = coalesce(submissions.taken_at, now()),
                procedure_id = coalesce(submissions.procedure_id, excluded.procedure_id),
                pay_url = coalesce(submissions.pay_url, excluded.pay_url)
            """,
            of.uid,
            of.number,
            of.appid,
            procedure_id,
            pay_url,
        )

    async def uploads(self, of: Round) -> dict[MediaKey, str]:
        """The media ids of what this round has uploaded."""
        rows = await self._pool.fetch(
            "select sha256, certificate_type, media_id from uploads where uid = $1 and round = $2",
            of.uid,
            of.number,
        )
        return {
            (row[0], None if row[1] == _NO_CERTIFICATE else row[1]): row["media_id"] for row in rows
        }

    async def uploaded(self, of: Round, key: MediaKey, media_id: str) -> None:
        """A file was uploaded. A second id of the same is as good as the first, which stays."""
        await self._pool.execute(
            "insert into uploads (uid, round, sha256, certificate_type, media_id)"
            " values ($1, $2, $3, $4, $5) on conflict do nothing",
            of.uid,
            of.number,
            key[0],
            _NO_CERTIFICATE if key[1] is None else key[1],
            media_id,
        )

    async def forget_uploads(self, of: Round) -> None:
        """The authority does not know this round's media ids (any more)."""
        await self._pool.execute(
            "delete from uploads where uid = $1 and round = $2", of.uid, of.number
        )

    async def face_checks(self, of: Round) -> tuple[FaceTask, ...]:
        """The face checks of this round that are not over, the oldest first: one, unless two attempts
        began one at the same time."""
        rows = await self._pool.fetch(
            "select task_id, link, created_at from face_checks"
            " where uid = $1 and round = $2 and over is null order by created_at, task_id",
            of.uid,
            of.number,
        )
        return tuple(FaceTask(row["task_id"], row["link"], row["created_at"]) for row in rows)

    async def face_check_begun(self, of: Round, task_id: str, link: str | None) -> None:
        """A face check was begun."""
        await self._pool.execute(
            "insert into face_checks (uid, round, task_id, link) values ($1, $2, $3, $4)"
            " on conflict do nothing",
            of.uid,
            of.number,
            task_id,
            link,
        )

    async def face_check_over(self, of: Round, task_id: str, how: str) -> None:
        """A face check can be used no more: `failed`, `expired` or `refused`."""
        await self._pool.execute(
            "update face_checks set over = $4 where uid = $1 and round = $2 and task_id = $3"
            " and over is null",
            of.uid,
            of.number,
            task_id,
            how,
        )

    async def face_checks_refused(self, of: Round) -> int:
        """How many passed ones the authority would not take with this round's application."""
        count: int = await self._pool.fetchval(
            "select count(*) from face_checks where uid = $1 and round = $2 and over = 'refused'",
            of.uid,
            of.number,
        )
        return count
