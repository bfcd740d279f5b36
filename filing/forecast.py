"""Forecast: every window of a filing one after the other, each taking its whole length.

Source: contract, sections 2 and 4. What may really come sooner is not guessed at.
"""

from datetime import datetime

from pydantic import ConfigDict, Field

from filing.model import Model
from filing.process.stages import PATHS
from filing.vocabulary import Kind, Status
from filing.window_rules import open_window
from filing.windows import Arrangement, WindowRequest, WindowTerms


class ForecastStep(Model):
    """One window. Written as `{"stage", "from", "due_at", "provisional", "calendar"}`, both instants
    in China time; in Python its beginning is `start`."""

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    stage: Status
    start: datetime = Field(alias="from")
    due_at: datetime
    provisional: bool
    """Rests on days whose kind is not announced yet."""
    calendar: str
    """Version of the arrangement that it was counted by."""


def forecast(
    kind: Kind, start: datetime, arrangement: Arrangement, terms: WindowTerms
) -> tuple[ForecastStep, ...]:
    """The windows of a filing of that kind that enters platform review at `start` (aware)."""
    steps: list[ForecastStep] = []
    for stage in PATHS[kind]:
        steps.append(forecast_stage(stage, start, arrangement, terms))
        start = steps[-1].due_at
    return tuple(steps)


def forecast_stage(
    stage: Status, start: datetime, arrangement: Arrangement, terms: WindowTerms
) -> ForecastStep:
    """The window of one stage from `start` (aware). Raises `ValueError` where it has none."""
    request = WindowRequest(stage=stage, round=1, start=start, entered_at=start)
    window = open_window(request, arrangement, terms)
    return ForecastStep(
        stage=stage,
        start=window.start,
        due_at=window.due_at,
        provisional=window.provisional,
        calendar=window.calendar,
    )
