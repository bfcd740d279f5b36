"""What was given to the authority stays known, round by round."""

import asyncpg

from gateways.registry import Registry
from gateways.submissions import Handing, Round, SubmissionLedger


async def test_how_far_a_rounds_application_has_got_is_known_round_by_round(
    registry: Registry, uid: str
) -> None:
    ledger, one, two = SubmissionLedger(registry), Round(uid, 1, uid), Round(uid, 2, uid)
    assert await ledger.handing(one) == Handing()
    for before in ("first", "later"):
        await ledger.begin(one, before)
        assert await ledger.handing(one) == Handing(begun=True, before="first")
    for _ in range(2):
        await ledger.taken(one)
        await ledger.begin(one, "later")
        assert await ledger.handing(one) == Handing(begun=True, before="first", taken=True)
    assert await ledger.handing(two) == Handing()
    await ledger.taken(two, "procedure", "https://pay.example")
    expected = Handing(True, None, True, "procedure", "https://pay.example")
    assert await ledger.handing(two) == expected
    assert await ledger.latest(uid) == expected
    assert await ledger.latest("another") == Handing()


async def test_what_was_begun_before_its_columns_were_there_is_still_known(
    registry: Registry, owner: asyncpg.Connection, uid: str
) -> None:
    await owner.execute("insert into submissions (uid, round) values ($1, 1)", uid)
    ledger, of = SubmissionLedger(registry), Round(uid, 1, uid)
    assert await ledger.handing(of) == Handing(begun=True)
    await ledger.taken(of)
    assert (await ledger.latest(uid)).taken


async def test_media_ids_are_kept_for_their_round_and_their_type_of_certificate(
    registry: Registry, uid: str
) -> None:
    ledger, of = SubmissionLedger(registry), Round(uid, 1, uid)
    await ledger.uploaded(of, ("hash", None), "plain")
    await ledger.uploaded(of, ("hash", 2), "card")
    await ledger.uploaded(of, ("hash", 2), "again")
    assert await ledger.uploads(of) == {("hash", None): "plain", ("hash", 2): "card"}
    assert await ledger.uploads(Round(uid, 2, uid)) == {}
    await ledger.forget_uploads(of)
    assert await ledger.uploads(of) == {}


async def test_of_two_face_checks_that_were_begun_at_once_both_are_kept_the_first_before(
    registry: Registry, uid: str
) -> None:
    ledger, of = SubmissionLedger(registry), Round(uid, 1, uid)
    await ledger.face_check_begun(of, "one", None)
    await ledger.face_check_begun(of, "two", "https://link.example")
    assert [task.task_id for task in await ledger.face_checks(of)] == ["one", "two"]
    await ledger.face_check_over(of, "one", "refused")
    [second] = await ledger.face_checks(of)
    assert (second.task_id, second.link) == ("two", "https://link.example")
    assert await ledger.face_checks_refused(of) == 1
    assert await ledger.face_checks(Round(uid, 2, uid)) == ()
