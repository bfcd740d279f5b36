"""The messages that people and systems send to a filing, and how they are read. Never raises."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StrictInt, ValidationError
from pydantic_core import PydanticCustomError, to_json

from filing.authority import MOST_REASON_TEXT, MOST_REASONS, Reason
from filing.model import Model
from filing.process.explain import explain
from filing.vocabulary import Principal, Status

UNDECODABLE = "undecodable_payload"
"""Key of the plain marker that the codec puts in place of a payload that nothing here can read."""


_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_NAME = 100
"""Characters of a sender's name."""
MOST_FAULTS = 5
"""Faults of a message that are told."""


def _bounded(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    if sum(len(r.field) + len(r.reason) + len(r.suggestion or "") for r in reasons) > (
        MOST_REASON_TEXT
    ):
        raise PydanticCustomError("reasons_too_long", "the reasons are too long")
    return reasons


Reasons = Annotated[tuple[Reason, ...], Field(max_length=MOST_REASONS), AfterValidator(_bounded)]
Instant = Annotated[AwareDatetime, Field(ge=_EARLIEST)]
"""When a fact came about; what lies decades back is a slip, and dates near year 1 overflow."""

Round = Annotated[StrictInt, Field(ge=1)]
"""Counts from 1; "1" and true are no numbers, and what they were meant for is not guessed."""


class Decision(Model):
    """A reviewer's or the bureau's decision (contract, section 3)."""

    outcome: Literal["approve", "return", "reject"]
    reviewer: str = Field(min_length=1, max_length=LONGEST_NAME)
    round: Round | None = None
    decision_id: str | None = Field(default=None, min_length=1, max_length=100)
    reasons: Reasons = ()
    filing_number: str | None = Field(default=None, max_length=60)


class Decide(Model):
    """The update `decide`: a decision for the stage and round that the sender saw."""

    stage: Status
    round: Round
    decision: Decision


class SmsVerified(Model):
    """One completed SMS check."""

    person: Principal
    source: str = Field(min_length=1, max_length=LONGEST_NAME)
    round: Round | None = None
    at: Instant | None = None


class Amend(Model):
    """A corrected application; it is parsed and checked before it is applied."""

    application: dict[str, Any]
    by: str = Field(min_length=1, max_length=100)


class Act(Model):
    """`resubmit`, `withdraw`, `hold`, `resume`."""

    by: str = Field(min_length=1, max_length=100)
    reason: str | None = Field(default=None, max_length=500)


class AuthorityEvent(Model):
    """News from the authority, pushed or sent by hand."""

    source: str = Field(min_length=1, max_length=100)
    event_id: str = Field(min_length=1, max_length=200)
    kind: Literal["received", "returned", "approved", "sms", "changed"]
    at: Instant | None = None
    number: str | None = Field(default=None, max_length=60)
    reasons: Reasons = ()


class CalendarChanged(Model):
    """The working-day calendar of these years has changed."""

    years: tuple[StrictInt, ...]


SHAPES: dict[str, type[Model]] = {
    "platform_decision": Decision,
    "bureau_decision": Decision,
    "decide": Decide,
    "sms_verified": SmsVerified,
    "amend": Amend,
    "resubmit": Act,
    "withdraw": Act,
    "hold": Act,
    "resume": Act,
    "authority_event": AuthorityEvent,
    "calendar_changed": CalendarChanged,
}

EXAMPLES: dict[str, str] = {
    "platform_decision": '{"outcome": "approve", "reviewer": "li.na"}',
    "bureau_decision": '{"outcome": "approve", "reviewer": "苏通管局", '
    '"filing_number": "苏ICP备2026000001号-1X"}',
    "decide": '{"stage": "platform_review", "round": 1, '
    '"decision": {"outcome": "approve", "reviewer": "li.na"}}',
    "sms_verified": '{"person": "subject_principal", "source": "li.na"}',
    "amend": '{"application": {…}, "by": "applicant"}',
    "resubmit": '{"by": "applicant", "reason": "…"}',
    "withdraw": '{"by": "applicant", "reason": "…"}',
    "hold": '{"by": "li.na", "reason": "…"}',
    "resume": '{"by": "li.na", "reason": "…"}',
    "authority_event": '{"source": "ops", "event_id": "e-1", "kind": "received"}',
    "calendar_changed": '{"years": [2027]}',
}
"""What a right payload looks like, told to who sent a wrong one."""

_REASONS = '"reasons": [{"field": "mini_program.remark", "reason": "…", "suggestion": "…"}]'
DECISION_EXAMPLES: dict[str, dict[str, str]] = {
    "platform_decision": {
        "return": f'{{"outcome": "return", "reviewer": "li.na", {_REASONS}}}',
    },
    "bureau_decision": {
        outcome: f'{{"outcome": "{outcome}", "reviewer": "苏通管局", {_REASONS}}}'
        for outcome in ("return", "reject")
    },
    "decide": {
        outcome: f'{{"stage": "{stage}", "round": 1, "decision": {{"outcome": "{outcome}", '
        f'"reviewer": "{reviewer}", {_REASONS}}}}}'
        for outcome, stage, reviewer in (
            ("return", "platform_review", "li.na"),
            ("reject", "bureau_review", "苏通管局"),
        )
    },
}
"""The same for the outcomes that need reasons."""


RIGHT = "正确写法如 "
"""What comes before the example at the end of an explanation."""


class Malformed(Model):
    """A message that could not be read, and why (Chinese, without its values)."""

    code: str
    explanation: str
    by: str | None = None
    """Who sent it, where that could be read."""


def read(
    name: str,
    args: tuple[Any, ...],
    shapes: Mapping[str, type[Model]] = SHAPES,
    examples: Mapping[str, str] = EXAMPLES,
) -> Model | Malformed:
    """Read what was sent under `name`: exactly one JSON object of the right shape.

    `shapes` and `examples` are a filing's, unless another workflow's are given.
    """
    shape = shapes.get(name)
    if shape is None:
        known = "、".join(shapes)
        return Malformed(code="unknown_message", explanation=f"没有这种消息,可用的有:{known}")
    right = f"{RIGHT}{_right(examples[name], name, args[0] if len(args) == 1 else None)}"
    if len(args) != 1:
        what = "没有内容" if not args else f"有 {len(args)} 个参数"
        return Malformed(
            code="wrong_argument_count", explanation=f"应恰好有一个 JSON 对象,收到的{what};{right}"
        )
    payload = args[0]
    if isinstance(payload, dict) and UNDECODABLE in payload:
        return Malformed(
            code=UNDECODABLE, explanation=f"内容的编码无法识别,请以普通 JSON 重发;{right}"
        )
    if not isinstance(payload, dict):
        return Malformed(code="not_an_object", explanation=f"内容不是 JSON 对象;{right}")
    try:
        # Through JSON, so that what arrived as JSON is read by the same rules as any JSON file.
        return shape.model_validate_json(to_json(payload))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)[:MOST_FAULTS]
        where = ";".join(explain(fault, shape) for fault in faults)
        return Malformed(
            code="malformed", explanation=f"内容有误({where});{right}", by=_sender(payload)
        )
    except (TypeError, ValueError, RecursionError):
        return Malformed(code="malformed", explanation=f"内容不是可读的 JSON;{right}")


def _right(usual: str, name: str, payload: Any) -> str:
    """A right payload for what was tried, as a return for one that was to be a return."""
    tried = payload.get("decision", payload) if isinstance(payload, dict) else None
    outcome = tried.get("outcome") if isinstance(tried, dict) else None
    fitting = DECISION_EXAMPLES.get(name, {})
    return fitting.get(outcome, usual) if isinstance(outcome, str) else usual


def _sender(payload: dict[str, Any]) -> str | None:
    """Who sent it, as far as that can be read of a message that is wrong elsewhere."""
    decision = payload.get("decision")
    for part in (payload, decision if isinstance(decision, dict) else {}):
        for key in ("reviewer", "by", "source"):
            name = part.get(key)
            if isinstance(name, str):
                shown = "".join(c for c in name if c.isprintable()).strip()
                return shown[:LONGEST_NAME] or None
    return None


def instant(at: datetime | None, arrival: datetime) -> datetime:
    """When a fact came about: `at` where given and not in the future, else its arrival."""
    return at if at is not None and at <= arrival else arrival
