"""When things happened, as it was first written down.

A workflow task that is done again, after a worker's death or in a replay, may tell another time
than the first did; what is on record keeps its instant, and the state takes it over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from filing.model import Model
from filing.records import Entry

_Model = TypeVar("_Model", bound=Model)


def differing(entries: Sequence[Entry], instants: Sequence[datetime]) -> dict[datetime, datetime]:
    """The instants of entries that are on record under another one, which is the value."""
    pairs = zip(entries, instants, strict=False)
    return {entry.at: instant for entry, instant in pairs if entry.at != instant}


def moved(model: _Model, instants: Mapping[datetime, datetime]) -> _Model:
    """The model with each of these instants, wherever it stands, replaced by its value."""
    if not instants:
        return model
    return type(model).model_validate(_moved(model.model_dump(), instants))


def _moved(value: Any, instants: Mapping[datetime, datetime]) -> Any:
    match value:
        case datetime():
            return instants.get(value, value)
        case dict():
            return {key: _moved(item, instants) for key, item in value.items()}
        case list() | tuple():
            return type(value)(_moved(item, instants) for item in value)
    return value
