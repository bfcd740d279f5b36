"""What is particular to changes and cancellations in the process itself."""

import pytest

from filing.authority import Standing
from filing.vocabulary import AuthorityMode, Status
from tests.filing.process_play import MANUAL, SANDBOX, Play, application_data, assert_refused

NUMBER = "苏ICP备2026000001号-1X"
CANCELLATIONS = ["cancel_mini_program", "cancel_access", "cancel_subject"]


def begun(kind: str, mode: AuthorityMode = SANDBOX, number: str = NUMBER) -> Play:
    changes = {
        "kind": kind,
        "subject.subject_number": number.rsplit("-", 1)[0],
    }
    data = application_data(changes)
    data["filing_number"] = number
    if kind.startswith("change"):
        data["on_file"] = {key: data[key] for key in ("mini_program", "subject")}
        data["mini_program"] = data["mini_program"] | {"name": "昆山示例新商城"}
    return Play.begin(mode, {key: data[key] for key in data})


def at_the_bureau(play: Play) -> Play:
    play.send("platform_decision", {"outcome": "approve", "reviewer": "li.na"})
    if play.asking is not None:
        play.answer(Standing.SMS_WAITING)
    for person in play.state.principals_due:
        play.send("sms_verified", {"person": person.value, "source": "ops"})
    assert play.waits_in(Status.BUREAU_REVIEW)
    return play


@pytest.mark.parametrize("mode", [MANUAL, SANDBOX])
@pytest.mark.parametrize("kind", CANCELLATIONS)
def test_who_tells_that_a_cancellation_is_approved_means_that_it_went_through(
    kind: str, mode: AuthorityMode
) -> None:
    play = at_the_bureau(begun(kind, mode))
    play.send("authority_event", {"source": "ops", "event_id": "e-1", "kind": "approved"})
    assert play.state.status is Status.APPROVED


@pytest.mark.parametrize("kind", CANCELLATIONS)
def test_what_is_still_filed_was_not_cancelled(kind: str) -> None:
    play = at_the_bureau(begun(kind))
    play.report(Standing.APPROVED, number=NUMBER)
    assert play.state.status is Status.REJECTED


def test_a_change_is_given_no_other_number() -> None:
    play = at_the_bureau(begun("change_mini_program"))
    other = {"outcome": "approve", "reviewer": "苏通管局", "filing_number": NUMBER[:-2] + "2X"}
    assert_refused(play, "number_differs", "bureau_decision", other)
    play.send("bureau_decision", other | {"filing_number": NUMBER})
    assert play.state.status is Status.APPROVED
    assert play.state.filing_number == NUMBER


def test_a_number_is_kept_as_the_bureau_writes_it() -> None:
    play = begun("cancel_access", number="川ICP备2026000001号-1X")
    assert play.state.filing_number == "蜀ICP备2026000001号-1X"
    assert play.state.subject_number == "蜀ICP备2026000001号"


def test_a_corrected_number_of_what_is_changed_counts() -> None:
    play = begun("change_mini_program")
    reason = {"field": "filing_number", "reason": "备案号有误"}
    play.send("platform_decision", {"outcome": "return", "reviewer": "li", "reasons": [reason]})
    corrected = play.state.application.model_dump(mode="json")
    corrected["filing_number"] = NUMBER[:-2] + "7X"
    corrected["on_file"] = None
    play.problems = ()
    play.send("amend", {"application": corrected, "by": "li"})
    assert play.waits_in(Status.PLATFORM_REVIEW)
    assert play.state.filing_number == NUMBER[:-2] + "7X"
    assert play.state.application.on_file is not None
