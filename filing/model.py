"""The base of every model of ours."""

from datetime import timedelta, timezone

from pydantic import BaseModel, ConfigDict

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China time, UTC+8 all year: every window and every day of the rules is counted in it."""


class Model(BaseModel):
    """Frozen, refuses unknown keys, and never repeats an input in an error text (it may be private)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )
