"""Checks of what the mini program's name, remark and service contents say: common reasons for returns."""

from collections.abc import Iterator

from filing import wording
from filing.application import Application
from filing.findings import problem
from filing.problems import Problem
from filing.vocabulary import SERVICE_CONTENTS, ApplicantType


def check_wording(application: Application) -> Iterator[Problem]:
    """Name, remark and service contents against each other and against the subject."""
    program, subject = application.mini_program, application.subject
    contents = [c for c in program.service_contents if c in SERVICE_CONTENTS]
    labels = "、".join(SERVICE_CONTENTS[c] for c in contents)
    name, remark = wording.plain(program.name), wording.plain(program.remark)
    subject_name = wording.plain(subject.name)
    if wording.is_generic_name(name):
        fix = "请改用与主体或业务相关的名称"
        yield problem("mini_program.name", "name.generic", "小程序名称过于笼统", fix)
    elif not wording.is_related(program.name, (subject_name, remark, wording.plain(labels))):
        message = "小程序名称与主体名称、备注、服务内容都没有关联"
        fix = "请在备注中说明名称的含义以及与业务的关系,或修改名称"
        yield problem("mini_program.name", "name.unrelated", message, fix)
    path, fix = "mini_program.remark", "请写明服务对象、提供的具体服务与使用方式"
    if wording.is_placeholder(remark):
        yield problem(path, "remark.vague", "备注没有写明任何服务", fix)
    elif wording.tells_little(remark, (name, subject_name)):
        message = "备注只重复了名称或泛泛而谈,没有写明实际服务"
        yield problem(path, "remark.vague", message, fix)
    elif contents and not wording.mentions(remark, contents):
        message = f"备注没有提到所选的服务内容({labels})"
        yield problem(path, "remark.unrelated", message, "请写明这些服务,或改选相符的服务内容标识")
    if subject.type is ApplicantType.INDIVIDUAL:
        for i, content in enumerate(program.service_contents):
            if content in wording.words().commercial:
                message = f"个人主体一般不能选择经营性的服务内容({SERVICE_CONTENTS[content]})"
                fix = "请改选与个人用途相符的项目,或以单位名义备案"
                path = f"mini_program.service_contents.{i}"
                yield problem(path, "service_contents.commercial", message, fix)
