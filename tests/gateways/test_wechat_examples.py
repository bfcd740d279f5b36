"""Every example is taken by the authority: its names are listed, its papers have their fields."""

from datetime import date
from pathlib import Path

from filing.application import Application
from filing.authority import Standing
from filing.vocabulary import CHANGES
from operations.applications import examine_files
from operations.examples import example_names
from tests.gateways.test_wechat_authority import served
from tests.sandbox.wechat_client import MemoryMaterials

TODAY = date(2026, 11, 24)
EXAMPLES = Path(__file__).parents[2] / "examples"


def stored(name: str, materials: MemoryMaterials) -> Application:
    """The example, its papers in the store."""
    examined = next(examine_files([str(EXAMPLES / f"{name}.yaml")], TODAY))
    assert examined.application is not None
    papers = tuple(
        paper.model_copy(update={"sha256": materials.add((EXAMPLES / paper.file).read_bytes())})
        for paper in examined.application.materials
    )
    return examined.application.model_copy(update={"materials": papers})


async def test_every_example_is_taken_by_the_authority(tmp_path: Path) -> None:
    async with served(tmp_path / "sandbox.sqlite") as (client, wechat, materials):
        for name in example_names():
            application = stored(name, materials)
            if application.kind in CHANGES:
                appid = application.mini_program.appid
                new = stored("new-organisation", materials)
                program = new.mini_program.model_copy(update={"appid": appid})
                filed = new.model_copy(update={"mini_program": program})
                await wechat.submit(filed, 1, ours=True)
                answer = {"status": 6, "number": application.filing_number}
                order = await client.http.post(f"/sandbox/orders/{appid}", json=answer)
                order.raise_for_status()
            report = await wechat.submit(application, 1, ours=False)
            assert report.standing is Standing.CHECKING, (name, report)
