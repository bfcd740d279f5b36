"""The base of every model of ours."""

from collections.abc import Callable, Mapping
from datetime import timedelta, timezone
from typing import Any, ParamSpec, Self, TypeVar

from pydantic import BaseModel, ConfigDict

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China time, UTC+8 all year: every window and every day of the rules is counted in it."""

_Values = ParamSpec("_Values")
_Model = TypeVar("_Model")


class Model(BaseModel):
    """Frozen, refuses unknown keys, and never repeats an input in an error text (it may be private)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """What pydantic's gives, in half the time: what a model holds is frozen, so that nothing
        inside needs looking at."""
        if deep or not update:
            return super().model_copy(update=update, deep=deep)
        fields_set = self.__pydantic_fields_set__
        if not update.keys() <= fields_set:
            fields_set = fields_set | update.keys()
        return _put_together(type(self), {**self.__dict__, **update}, fields_set)


def _put_together(model: type[_Model], values: dict[str, Any], fields_set: set[str]) -> _Model:
    made = object.__new__(model)
    _set(made, "__dict__", values)
    _set(made, "__pydantic_fields_set__", fields_set)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


_set = object.__setattr__


def unchecked(model: Callable[_Values, _Model]) -> Callable[_Values, _Model]:
    """The model's constructor, without validation, in a third of the time: for what the process
    makes by the dozen of values of its own, whose types mypy has seen."""
    shape: Any = model
    fields = shape.model_fields
    # In the fields' order, which is that of a dump.
    blank = {name: field.get_default(call_default_factory=True) for name, field in fields.items()}
    all_set = set(fields)

    def make(*_: _Values.args, **values: _Values.kwargs) -> _Model:
        made: _Model = _put_together(shape, {**blank, **values}, all_set)
        return made

    return make
