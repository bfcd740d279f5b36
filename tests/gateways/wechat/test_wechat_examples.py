"""Every example is taken by the authority: its names are listed, its papers have their fields."""

from datetime import date
from pathlib import Path

from filing.application import Application
from filing.authority import Standing
from filing.vocabulary import CHANGES
from gateways.registry import Registry
from operations.applications import examine_files
from operations.examples import example_names
from tests.gateways.wechat.house import served
from tests.sandbox.wechat_client import MemoryMaterials

TODAY = date(2026, 11, 24)
EXAMPLES = Path(__file__).parents[3] / "examples"


def stored(name: str, materials: MemoryMaterials) -> Application:
    """The example, its papers in the store."""
    examined = next(examine_files([str(EXAMPLES / f"{name}.yaml")], TODAY))
    assert examined.application is not None
    papers = tuple(
        paper.model_copy(update={"sha256": materials.add((EXAMPLES / paper.file).read_bytes())})
        for paper in examined.application.materials
    )
    return examined.application.model_copy(update={"materials": papers})


async def test_every_example_is_taken_by_the_authority(
    tmp_path: Path, registry: Registry, uid: str
) -> None:
    async with served(tmp_path / "sandbox.sqlite", registry, uid) as house:
        wechat, materials = house.wechat, house.materials
        for name in example_names():
            application = stored(name, materials)
            if application.kind in CHANGES:
                appid = application.mini_program.appid
                new = stored("new-organisation", materials)
                program = new.mini_program.model_copy(update={"appid": appid})
                filed = new.model_copy(update={"mini_program": program})
                await wechat.submit(filed, f"{uid}-{name}-before", 1)
                answer = {"status": 6, "number": application.filing_number}
                order = await house.client.http.post(f"/sandbox/orders/{appid}", json=answer)
                order.raise_for_status()
            report = await wechat.submit(application, f"{uid}-{name}", 1)
            assert report.standing is Standing.CHECKING, (name, report)
