"""The control API for procedures of the combined flow, the timetable, faults and counts."""

from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control_input import (
    Problems,
    Unknown,
    controlled,
    number,
    read_object,
    whole,
)
from sandbox.faults import KINDS, Fault
from sandbox.procedures import (
    AWAITING_FEE,
    EXPIRED,
    FEE_PAID,
    FILING_CHECKING,
    IN_VERIFICATION,
    PHONE_PASSED,
    SENT_BACK,
    TERMINATED,
    VERIFICATION_FAILED,
    VERIFIED,
    VERIFYING,
    Procedure,
)
from sandbox.state import sandbox_of
from sandbox.timetable import Timetable

STEPS = (
    *(PHONE_PASSED, AWAITING_FEE, FEE_PAID, VERIFYING, SENT_BACK, VERIFIED, VERIFICATION_FAILED),
    *(FILING_CHECKING, EXPIRED, TERMINATED),
)
"""What a procedure in its verification can be brought to; the rest follows from the order."""
_REASONS = {SENT_BACK: "refill_reason", VERIFICATION_FAILED: "fail_reason"}
_TIMES = tuple(field.name for field in fields(Timetable))
_FAULT_FIELDS = ("kind", "percent", "next", "paths", "seconds", "seed")


def _shown(procedure: Procedure) -> dict[str, Any]:
    return {
        "procedure_id": procedure.procedure_id,
        "appid": procedure.appid,
        "procedure_status": procedure.status,
        "pay_type": procedure.pay_type,
        "refill_reason": procedure.refill_reason,
        "fail_reason": procedure.fail_reason,
        "hints": list(procedure.hints),
    }


def _latest(request: Request) -> Procedure:
    appid = request.path_params["appid"]
    sandbox = sandbox_of(request)
    sandbox.desk.find(appid)
    procedure = sandbox.procedures.latest(appid)
    if procedure is None:
        raise Unknown(f"no procedure of {appid}: submit_auth_and_icp makes one")
    return procedure


async def show_procedure(request: Request) -> Response:
    """A mini program's latest procedure."""
    return JSONResponse(_shown(_latest(request)))


async def set_procedure(request: Request) -> Response:
    """Bring a verification to `status`: 15 to 20, 9, 27, 28, or 22, which makes the order. At 18
    `refill_reason`, at 20 `fail_reason` says why."""
    given = await read_object(request, ("status", "refill_reason", "fail_reason"))
    procedure = _latest(request)
    status = given.get("status")
    if type(status) is not int or status not in STEPS:
        raise Problems(("status", f"allowed: {', '.join(map(str, STEPS))}"))
    if procedure.status not in IN_VERIFICATION:
        text = f"its verification is over, at {procedure.status}; set the order's own status"
        raise Problems(("status", text))
    for name in ("refill_reason", "fail_reason"):
        if name in given and (_REASONS.get(status) != name or not isinstance(given[name], str)):
            raise Problems((name, "allowed: a text, refill_reason at 18, fail_reason at 20"))
    reasons = {name: given[name] for name in given if name != "status"}
    return JSONResponse(_shown(sandbox_of(request).desk.move(procedure, status, **reasons)))


async def show_timetable(request: Request) -> Response:
    """What happens by itself."""
    return JSONResponse(asdict(sandbox_of(request).desk.timetable))


async def set_timetable(request: Request) -> Response:
    """A timetable in place of the one there is: seconds until each step (null: by hand only), and
    shares in percent."""
    given = await read_object(request, _TIMES)
    returned, sms_lapsed, bureau_returned = (
        number(given, name, most=100) or 0.0
        for name in ("returned", "sms_lapsed", "bureau_returned")
    )
    timetable = Timetable(
        check=number(given, "check"),
        sms=number(given, "sms"),
        number=number(given, "number"),
        verification=number(given, "verification"),
        returned=returned,
        sms_lapsed=sms_lapsed,
        bureau_returned=bureau_returned,
        seed=whole(given, "seed") or 0,
    )
    sandbox_of(request).desk.timetable = timetable
    return JSONResponse(asdict(timetable))


def _faults(request: Request) -> Response:
    return JSONResponse({"faults": [fault.shown() for fault in sandbox_of(request).faults.rules]})


async def show_faults(request: Request) -> Response:
    """The rules by which calls fail."""
    return _faults(request)


async def set_faults(request: Request) -> Response:
    """Rules in place of those there are: `{"faults": [{"kind", "percent" or "next", …}]}`."""
    rules = (await read_object(request, ("faults",))).get("faults")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Problems(("faults", f"required: a list of objects with {', '.join(_FAULT_FIELDS)}"))
    sandbox_of(request).faults.rules = [_fault(rule) for rule in rules]
    return _faults(request)


def _fault(rule: dict[str, Any]) -> Fault:
    if unknown := set(rule) - set(_FAULT_FIELDS):
        raise Problems((min(unknown), f"unknown; allowed: {', '.join(_FAULT_FIELDS)}"))
    if rule.get("kind") not in KINDS:
        raise Problems(("kind", f"allowed: {', '.join(KINDS)}"))
    paths = rule.get("paths", ["*"])
    if not isinstance(paths, list) or not all(isinstance(p, str) and p for p in paths):
        raise Problems(("paths", "allowed: a list of patterns, as in /wxa/icp/*"))
    return Fault(
        kind=rule["kind"],
        percent=number(rule, "percent", most=100) or 0.0,
        next=whole(rule, "next") or 0,
        paths=tuple(paths),
        seconds=number(rule, "seconds"),
        seed=whole(rule, "seed") or 0,
    )


async def show_calls(request: Request) -> Response:
    """By path since the start, or since they were last deleted: calls, refusals, faults."""
    return JSONResponse({"calls": sandbox_of(request).faults.counts()})


async def forget_calls(request: Request) -> Response:
    """Count anew."""
    sandbox_of(request).faults.reset_counts()
    return JSONResponse({"calls": {}})


def routes() -> list[Route]:
    """Every endpoint of this part."""
    return [
        Route(path, controlled(handler), methods=[method])
        for method, path, handler in (
            ("GET", "/sandbox/procedures/{appid}", show_procedure),
            ("POST", "/sandbox/procedures/{appid}", set_procedure),
            ("GET", "/sandbox/timetable", show_timetable),
            ("POST", "/sandbox/timetable", set_timetable),
            ("GET", "/sandbox/faults", show_faults),
            ("POST", "/sandbox/faults", set_faults),
            ("GET", "/sandbox/calls", show_calls),
            ("DELETE", "/sandbox/calls", forget_calls),
        )
    ]
