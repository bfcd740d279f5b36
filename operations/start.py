"""Starting filings."""

from collections.abc import AsyncIterator, Iterable
from datetime import date

from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from filing.application import Application, workflow_id
from filing.model import Model
from filing.problems import Problem
from filing.process.transition import begin
from filing.vocabulary import KIND_LABELS
from gateways.materials import FileChanged
from gateways.temporal import TASK_QUEUE, WORKFLOW
from operations.applications import Examined, examine_files, store_materials
from operations.filings import find, settle
from operations.services import Services, now


class Started(Model):
    """A filing that runs now."""

    filing_id: str
    uid: str
    file: str


class AlreadyOpen(Model):
    """A filing of the same mini program that is still open; nothing was started."""

    filing_id: str
    uid: str | None
    file: str


class Invalid(Model):
    """An application that was refused before anything was started."""

    file: str
    problems: tuple[Problem, ...]


Outcome = Started | AlreadyOpen | Invalid


def static_summary(application: Application) -> str:
    """The filing's name in Temporal's UI. An individual's name is not in it."""
    mini_program, subject = application.mini_program, application.subject
    return f"{KIND_LABELS[application.kind]} · {mini_program.name} · {mini_program.appid} · {subject.province}"


async def start_files(
    paths: Iterable[str], services: Services, today: date
) -> AsyncIterator[Outcome]:
    """Start every valid application of the files; each stands or falls alone."""
    for examined in examine_files(paths, today):
        yield await _start(examined, services)


async def _start(examined: Examined, services: Services) -> Outcome:
    file = examined.document.name
    if not examined.valid:
        return Invalid(file=file, problems=examined.problems)
    try:
        application = await store_materials(examined, services.materials)
    except FileChanged as changed:
        problem = Problem(
            path="materials",
            code="file_changed",
            message=f"材料 {changed.file} 在检查之后发生了变化",
            fix="请重新运行 start",
        )
        return Invalid(file=file, problems=(problem,))
    return await start_application(application, file, services)


async def start_application(application: Application, file: str, services: Services) -> Outcome:
    """Start one checked application whose materials are stored."""
    id_ = workflow_id(application)
    try:
        handle = await services.client.start_workflow(
            WORKFLOW,
            application,
            id=id_,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=static_summary(application),
        )
    except WorkflowAlreadyStartedError as error:
        # The run that is open may be a continuation: the registry knows the first one.
        record = await services.registry.find(id_)
        uid = record.uid if record and record.closed_at is None else error.run_id
        return AlreadyOpen(filing_id=id_, uid=uid, file=file)
    uid = handle.first_execution_run_id
    assert uid is not None
    # The workflow's first step writes the same row; this one only makes sure that it is there
    # before we return, and never overwrites a newer one (its sequence is 0).
    opening = begin(application, id_, uid, services.settings.authority, now()).state
    await services.registry.write(opening.model_copy(update={"sequence": 0}), ())
    for older in await services.registry.open_uids(id_):
        if older != uid:  # one at a time is open under an id
            await settle(await find(older, services), services)
    if await services.registry.closed_as_refused(uid):
        problem = Problem(
            path="",
            code="not_accepted",
            message="工作进程没有受理该申请:它用的规则或材料库与这里不同",
            fix="请核对 worker 与本命令的 BEIAN_HOME 和版本是否相同,详见工作流的失败原因",
        )
        return Invalid(file=file, problems=(problem,))
    return Started(filing_id=id_, uid=uid, file=file)
