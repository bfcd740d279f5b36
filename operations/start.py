"""Starting filings."""

import asyncio
from collections.abc import Callable
from datetime import date

from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from filing.application import Application, workflow_id
from filing.checks import check
from filing.checks_holdings import check_holdings
from filing.holdings import QUEUE
from filing.model import Model
from filing.problems import Problem, errors
from filing.process.transition import begin
from filing.rules import leveled
from filing.vocabulary import CHANGES, KIND_LABELS, Kind
from gateways.materials import FileChanged
from gateways.temporal import TASK_QUEUE, WORKFLOW
from operations.applications import examine, store_materials
from operations.filings import find, settle
from operations.reading import Document
from operations.services import Services, now


class Started(Model):
    """A filing that runs now."""

    filing_id: str
    uid: str
    file: str


class Queued(Started):
    """A filing that runs now, and waits for the end of another."""

    queued_behind: str
    """Workflow id of that other."""


class AlreadyOpen(Model):
    """A filing of the same mini program that is still open; nothing was started."""

    filing_id: str
    uid: str | None
    file: str


class Busy(Model):
    """Another open filing has its subject or mini program; nothing was started."""

    filing_id: str
    waits_for: str
    """Workflow id of the filing that has it."""
    file: str


class Invalid(Model):
    """An application that was refused before anything was started."""

    file: str
    problems: tuple[Problem, ...]


Outcome = Started | AlreadyOpen | Busy | Invalid

Confirmed = Callable[[Application], bool]
"""Asked about what cannot be undone."""

MARK = "batch_row"
"""Key of the memo that names the row of a batch by which a filing was started."""


def static_summary(application: Application) -> str:
    """The filing's name in Temporal's UI. An individual's name is not in it."""
    mini_program, subject = application.mini_program, application.subject
    return f"{KIND_LABELS[application.kind]} · {mini_program.name} · {mini_program.appid} · {subject.province}"


async def start_document(
    document: Document,
    services: Services,
    today: date,
    *,
    queue: bool = False,
    confirmed: Confirmed,
) -> Outcome:
    """Start an application, if it is valid. With `queue`, one whose subject or mini program another
    filing has waits for that one's end."""
    stored = await ready(document, services, today, confirmed)
    if not isinstance(stored, Application):
        return Invalid(file=document.name, problems=stored)
    return await start_application(stored, document.name, services, queue=queue)


async def ready(
    document: Document, services: Services, today: date, confirmed: Confirmed
) -> Application | tuple[Problem, ...]:
    """A valid application whose materials are in the store, or what is wrong with it."""
    levels = services.settings.levels
    examined = await asyncio.to_thread(examine, document, today, levels)
    application = examined.application
    if application is None or not examined.valid:
        return examined.problems
    if application.kind is Kind.CANCEL_SUBJECT and not confirmed(application):
        return (_NOT_CONFIRMED,)
    try:
        return await store_materials(examined, services.materials)
    except FileChanged as changed:
        problem = Problem(
            path="materials",
            code="file_changed",
            message=f"材料 {changed.file} 在检查之后发生了变化",
            fix="请重新运行 start",
        )
        return (problem,)


_NOT_CONFIRMED = Problem(
    path="kind",
    code="cancel_subject.not_confirmed",
    message="注销主体会注销其名下全部小程序、网站与 APP 的备案,且不可恢复;未确认主体名称,或所填名称不符",
    fix="请用 --confirm 主体名称 确认(与申请中的 subject.name 完全一致)",
)


async def _with_holdings(
    application: Application, services: Services
) -> tuple[Application, tuple[Problem, ...]]:
    """The application with what the registry knows to be on file, and what that shows to be wrong."""
    holdings = await services.registry.holdings(application)
    levels = services.settings.levels
    against = leveled(check_holdings(application, holdings), levels)
    if application.kind not in CHANGES or application.on_file is not None:
        return application, against
    application = application.model_copy(update={"on_file": holdings.on_file})
    # Of the files nothing is new: only now it is known what changes.
    found = check(application, None, now().date(), levels=levels)
    return application, (*found, *against)


async def _holder(application: Application, services: Services) -> str | None:
    """The workflow id of another filing that has the application's subject or mini program."""
    holder = await services.registry.holder(application)
    if holder == workflow_id(application):
        return None  # it runs, or has ended unseen: Temporal tells
    if holder is not None:
        await settle(await find(holder, services), services)
        holder = await services.registry.holder(application)
    return holder


async def start_application(
    application: Application,
    file: str,
    services: Services,
    *,
    queue: bool = False,
    mark: str | None = None,
    begun: bool = False,
) -> Outcome:
    """Start one checked application whose materials are stored, unless what is on file is against
    it; what a change lacks of that is filled in.

    Under a `mark`, which stays with the filing, it is started once: what an attempt that was lost
    (`begun`) had started is found again.
    """
    id_ = workflow_id(application)
    if begun and mark is not None:
        uid = await _started_under(mark, id_, services)
        if uid is not None:
            return await _on_record(application, uid, queue, file, services)
    application, problems = await _with_holdings(application, services)
    if errors(problems):
        return Invalid(file=file, problems=problems)
    holder = await _holder(application, services)
    if holder is not None and not queue:
        return Busy(filing_id=id_, waits_for=holder, file=file)
    memo = ({QUEUE: True} if queue else {}) | ({MARK: mark} if mark else {})
    try:
        handle = await services.client.start_workflow(
            WORKFLOW,
            application,
            id=id_,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=static_summary(application),
            memo=memo or None,
        )
    except WorkflowAlreadyStartedError as error:
        ours = await _started_under(mark, id_, services) if mark else None
        if ours is not None:
            return await _on_record(application, ours, queue, file, services)
        # The run that is open may be a continuation: the registry knows the first one.
        record = await services.registry.find(id_)
        uid = record.uid if record and record.closed_at is None else error.run_id
        return AlreadyOpen(filing_id=id_, uid=uid, file=file)
    uid = handle.first_execution_run_id
    assert uid is not None
    return await _on_record(application, uid, queue, file, services)


async def _started_under(mark: str, id_: str, services: Services) -> str | None:
    """The uid of the latest filing of that workflow id, where it was started under the mark."""
    try:
        latest = await services.client.get_workflow_handle(id_).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if (await latest.memo()).get(MARK) != mark:
        return None
    return latest.raw_info.first_run_id


async def _on_record(
    application: Application, uid: str, queue: bool, file: str, services: Services
) -> Outcome:
    """Make sure that the registry has a filing that was started; what became of it so far."""
    id_ = workflow_id(application)
    holder = await _holder(application, services)
    # The workflow's first step writes the same row; this one only makes sure that it is there
    # before we return, and never overwrites a newer one (its sequence is 0).
    behind = holder if queue else None
    opening = begin(
        application, id_, uid, services.settings.authority, now(), queued_behind=behind
    ).state.model_copy(update={"sequence": 0})
    await services.registry.write(opening, ())
    open_ones = await services.registry.open_uids(id_)
    for older in open_ones:
        if older != uid:  # one at a time is open under an id
            await settle(await find(older, services), services)
    if uid in open_ones:
        # As the workflow's first step does, under the same uid: of two that are started at the same
        # moment it is told here already which one is refused.
        holder = (await services.registry.claim(opening)).holder
        if holder is not None and not queue:
            return Busy(filing_id=id_, waits_for=holder, file=file)
    if await services.registry.closed_as_refused(uid):
        holder = await _holder(application, services)
        if holder is not None:  # it came between
            return Busy(filing_id=id_, waits_for=holder, file=file)
        problem = Problem(
            path="",
            code="not_accepted",
            message="工作进程没有受理该申请:它用的规则或材料库与这里不同",
            fix="请核对 worker 与本命令的 BEIAN_HOME 和版本是否相同,详见工作流的失败原因",
        )
        return Invalid(file=file, problems=(problem,))
    if queue and holder is not None:
        return Queued(filing_id=id_, uid=uid, file=file, queued_behind=holder)
    return Started(filing_id=id_, uid=uid, file=file)
