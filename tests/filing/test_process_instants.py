"""What was written down before happened when it was written down."""

from datetime import timedelta

from filing.process.instants import differing, moved
from filing.vocabulary import Status
from tests.filing.process_play import ACT, RETURN, Play


def test_every_instant_of_a_state_is_taken_over_and_nothing_else_changes() -> None:
    play = Play.begin().reach(Status.SMS_VERIFICATION)
    play.wait(hours=1)
    play.pass_sms()
    play.wait(hours=2)
    play.send("hold", ACT)
    play.send("platform_decision", RETURN)  # refused
    state, entries = play.state, play.entries[-2:]
    earlier = [entry.at - timedelta(seconds=8) for entry in entries]
    instants = differing(entries, earlier)
    assert instants == {play.at: play.at - timedelta(seconds=8)}
    told = moved(state, instants)
    assert told.held_since == told.refused[-1].at == told.timeline[-1].at == earlier[0]
    assert told.timeline[:-1] == state.timeline[:-1]
    back = {instant: at for at, instant in instants.items()}
    assert moved(told, back) == state
    assert told.model_dump_json().count(earlier[0].isoformat()[:19]) == 3


def test_where_all_is_as_it_is_on_record_nothing_is_done() -> None:
    play = Play.begin()
    instants = differing(play.entries, [entry.at for entry in play.entries])
    assert instants == {}
    assert moved(play.state, instants) is play.state
