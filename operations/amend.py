"""Sending a returned filing again, corrected."""

from filing.process.messages import Amend
from operations.applications import Examined, examine_files, store_materials
from operations.filings import Outcome, find, send
from operations.services import Services, now


async def amend(id_: str, file: str, by: str, services: Services) -> Examined | Outcome:
    """Check the corrected application, store its papers, and send it.

    Gives what was examined where it is invalid: then nothing was sent. Raises `NoSuchFiling`,
    `FileChanged`.
    """
    record = await find(id_, services)
    examined = next(iter(examine_files([file], now().date(), services.settings.levels)))
    if not examined.valid:
        return examined
    application = await store_materials(examined, services.materials)
    message = Amend(application=application.model_dump(mode="json"), by=by)
    return await send(record, "amend", message.model_dump(mode="json"), services)
