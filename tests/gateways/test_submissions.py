"""What was handed to the authority stays known."""

from activities.ports import Handing
from gateways.registry import Registry
from gateways.submissions import SubmissionLedger


async def test_how_far_a_rounds_application_has_got_is_known_round_by_round(
    registry: Registry, uid: str
) -> None:
    ledger = SubmissionLedger(registry)
    assert await ledger.handing(uid, 1) is Handing.NOT_BEGUN
    for _ in range(2):
        await ledger.begin(uid, 1)
        assert await ledger.handing(uid, 1) is Handing.BEGUN
    for _ in range(2):
        await ledger.taken(uid, 1)
        await ledger.begin(uid, 1)
        assert await ledger.handing(uid, 1) is Handing.TAKEN
    assert await ledger.handing(uid, 2) is Handing.NOT_BEGUN
    await ledger.taken(uid, 2)
    assert await ledger.handing(uid, 2) is Handing.TAKEN
