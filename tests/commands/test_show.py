"""What `show` says of a filing, without any service."""

from datetime import timedelta

from commands.show import _facts
from filing.authority import FaceCheck, Standing
from filing.view import status_answer
from filing.vocabulary import Status
from operations.filings import Shown
from tests.filing.process_play import Play


def test_during_a_face_check_it_names_who_has_to_pass_it() -> None:
    play = Play.begin().reach(Status.SUBMISSION)
    check = FaceCheck(task_id="t-1", expires_at=play.at + timedelta(hours=24), link=None)
    play.answer(Standing.FACE_CHECK, face_check=check)
    shown = Shown(
        answer=status_answer(play.state),
        as_of=None,
        notices=(),
        events=(),
        returns=(),
        ended_from_outside=False,
        display=None,
    )
    assert dict(_facts(shown))["等待"] == "小程序管理员(负责人)"
