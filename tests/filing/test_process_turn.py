"""A turn's own copy of the state, and models that are made without validation."""

from datetime import datetime

from filing.model import CHINA, Model, unchecked
from filing.process.state import State
from filing.process.turn import Turn
from filing.records import Entry
from filing.vocabulary import Status
from tests.filing.process_play import Play

NOON = datetime(2026, 11, 24, 12, tzinfo=CHINA)


def test_a_state_that_was_given_out_is_never_changed() -> None:
    before = Play.begin().state
    turn = Turn(before, NOON)
    turn.change(round=2)
    turn.change(sequence=7)  # in place: nobody has seen it
    given = turn.state
    turn.change(round=3)
    turn.change(sequence=8)
    assert (before.round, before.sequence) == (1, 1)
    assert (given.round, given.sequence) == (2, 7)
    assert (turn.state.round, turn.state.sequence) == (3, 8)
    assert turn.step().state.model_fields_set == State.model_fields.keys()


def test_a_model_made_without_validation_is_the_same() -> None:
    given = {
        "sequence": 1,
        "purpose": "note",
        "at": NOON,
        "status": Status.CORRECTION,
        "round": 2,
        "by": "li.na",
        "note": "…",
    }
    for made, right in (
        (unchecked(Entry)(**given), Entry(**given)),
        (unchecked(Entry)(**given, detail={"a": 1}), Entry(**given, detail={"a": 1})),
    ):
        assert made == right
        assert made.model_dump_json() == right.model_dump_json()


def test_a_copy_is_what_pydantic_makes() -> None:
    class Shape(Model):
        one: int = 1
        two: int = 2

    for model in (Shape(), Shape(one=3), Shape(one=3, two=4)):
        for update in ({"one": 5}, {"two": 6}, {}):
            copied = model.model_copy(update=update)
            right = super(Model, model).model_copy(update=update)
            assert copied == right
            assert copied.model_dump_json(exclude_unset=True) == right.model_dump_json(
                exclude_unset=True
            )
            assert copied.model_extra is None
