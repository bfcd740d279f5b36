"""Forecasts: the windows one after the other, in the contract's shape."""

import json
from datetime import UTC, datetime

import pytest

from filing.forecast import ForecastStep, forecast, forecast_stage
from filing.model import CHINA
from filing.vocabulary import FINAL, Kind, Status
from filing.windows import WindowTerms
from gateways.calendar import packaged_arrangement

KNOWN = packaged_arrangement()
TERMS = WindowTerms()
START = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)


def test_a_new_filing_takes_its_four_windows_whole() -> None:
    steps = forecast(Kind.NEW, START, KNOWN, TERMS)
    assert [(step.stage.value, step.due_at.isoformat()) for step in steps] == [
        ("platform_review", "2026-11-05T00:00:00+08:00"),
        ("submission", "2026-11-10T00:00:00+08:00"),
        ("sms_verification", "2026-11-11T00:00:00+08:00"),
        ("bureau_review", "2026-12-10T00:00:00+08:00"),
    ]
    assert [step.start for step in steps[1:]] == [step.due_at for step in steps[:-1]]
    assert steps[0].start == START
    assert not any(step.provisional for step in steps)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_the_cancellation_of_access_has_no_sms_check(kind: Kind) -> None:
    stages = [step.stage for step in forecast(kind, START, KNOWN, TERMS)]
    assert (Status.SMS_VERIFICATION in stages) is (kind is not Kind.CANCEL_ACCESS)
    assert stages[-1] is Status.BUREAU_REVIEW


def test_a_forecast_over_the_end_of_the_year_says_that_it_is_provisional() -> None:
    steps = forecast(Kind.NEW, datetime(2026, 12, 1, tzinfo=CHINA), KNOWN, TERMS)
    assert [step.provisional for step in steps] == [False, False, False, True]


def test_a_step_is_written_as_the_contract_has_it() -> None:
    step = forecast_stage(Status.BUREAU_REVIEW, START, KNOWN, TERMS)
    written = json.loads(step.model_dump_json())
    assert written == {
        "stage": "bureau_review",
        "from": "2026-11-02T10:30:00+08:00",
        "due_at": "2026-12-01T00:00:00+08:00",
        "provisional": False,
        "calendar": KNOWN.version,
    }
    assert ForecastStep.model_validate(written) == step


def test_a_correction_has_a_forecast_of_its_own_and_a_final_status_none() -> None:
    step = forecast_stage(Status.CORRECTION, START, KNOWN, WindowTerms(correction_days=10))
    assert step.due_at == datetime(2026, 11, 13, tzinfo=CHINA)
    for status in FINAL:
        with pytest.raises(ValueError, match="no window"):
            forecast_stage(status, START, KNOWN, TERMS)
