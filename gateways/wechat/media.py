"""An application's files on the authority's side: each content uploaded once per round (reference
section 4)."""

import asyncio
from collections.abc import Iterable
from typing import Literal

from activities.ports import Materials
from filing.authority import Reason
from gateways.submissions import MediaKey, Round, SubmissionLedger
from gateways.wechat import reports
from gateways.wechat.client import UPLOAD, Upload, WechatClient
from gateways.wechat.errors import ApiRefusal
from gateways.wechat.papers import Paper

UPLOADS_AT_ONCE = 4
FILE_REFUSED = frozenset({40004, 40097, 86201, 86205})
UNKNOWN_MEDIA = 86205


class Media:
    """Uploads what the ledger does not know of yet."""

    def __init__(
        self, client: WechatClient, materials: Materials, ledger: SubmissionLedger
    ) -> None:
        self._client, self._materials, self._ledger = client, materials, ledger

    async def upload(
        self, of: Round, papers: Iterable[Paper]
    ) -> tuple[dict[MediaKey, str], tuple[Reason, ...]]:
        """Media ids, and the files that were refused. The same content as another type of
        certificate is another upload."""
        unique: dict[MediaKey, Paper] = {}
        for paper in papers:
            if paper.key is not None:
                unique.setdefault(paper.key, paper)
        known = await self._ledger.uploads(of)
        missing = {key: paper for key, paper in unique.items() if key not in known}
        limit = asyncio.Semaphore(UPLOADS_AT_ONCE)

        async def send(key: MediaKey, paper: Paper) -> str | Reason:
            async with limit:
                answer = await self._send(of.appid, key[0], paper)
                if isinstance(answer, str):
                    await self._ledger.uploaded(of, key, answer)
                return answer

        # All are waited for though one fails, so that what was uploaded is on record.
        answers = await asyncio.gather(
            *(send(*item) for item in missing.items()), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        new = {k: a for k, a in zip(missing, answers, strict=True) if isinstance(a, str)}
        return known | new, tuple(a for a in answers if isinstance(a, Reason))

    async def forget(self, of: Round) -> None:
        """Upload all of the round anew next time."""
        await self._ledger.forget_uploads(of)

    async def _send(self, appid: str, sha256: str, paper: Paper) -> str | Reason:
        data = await self._materials.read(sha256)
        # A place in a list has no name of its own among the upload's fields.
        field = ".".join(part for part in paper.field.split(".") if not part.isdigit())
        # An MPEG-4 file says so after the length of its first part.
        kind: Literal["image", "video"] = "video" if data[4:8] == b"ftyp" else "image"
        sent = Upload(data, field, paper.certificate_type, kind)
        try:
            return (await self._client.upload(appid, sent)).media_id
        except ApiRefusal as refusal:
            if refusal.code in FILE_REFUSED:
                return reports.material_refused(refusal.code, paper)
            raise refusal.unexpected(UPLOAD) from None
