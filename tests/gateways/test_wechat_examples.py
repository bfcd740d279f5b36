"""Every example is taken by the authority: its names are listed, its papers have their fields."""

from datetime import date
from pathlib import Path

from filing.authority import Standing
from operations.applications import examine_files
from operations.examples import example_names
from tests.gateways.test_wechat_authority import served

TODAY = date(2026, 11, 24)
EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_every_example_is_taken_by_the_authority(tmp_path: Path) -> None:
    async with served(tmp_path / "sandbox.sqlite") as (_, wechat, materials):
        for name in example_names():
            examined = next(examine_files([str(EXAMPLES / f"{name}.yaml")], TODAY))
            assert examined.application is not None
            papers = tuple(
                paper.model_copy(
                    update={"sha256": materials.add((EXAMPLES / paper.file).read_bytes())}
                )
                for paper in examined.application.materials
            )
            application = examined.application.model_copy(update={"materials": papers})
            report = await wechat.submit(application, 1, ours=True)
            assert report.standing is Standing.CHECKING, (name, report)
