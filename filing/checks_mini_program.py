"""Checks of the mini program itself: AppID, name, remark, service contents, pre-approvals."""

from collections.abc import Iterator
from datetime import date

from filing import identifiers
from filing.application import Application, MiniProgram
from filing.findings import problem
from filing.pre_approvals import check_pre_approvals
from filing.problems import Problem
from filing.vocabulary import SERVICE_CONTENTS, ApplicantType

NAME_WIDTH = (4, 30)
"""Of the name, a Chinese character counting as two (contract, section 5)."""

REMARK_LENGTH = (20, 200)
"""Characters of the remark."""

MOST_SERVICE_CONTENTS = 5
"""Second-level service contents."""

NATIONAL_WORDS = ("中国", "国家")
"""Not for bodies that are not national."""

COMPANY_WORDS = ("公司", "集团", "企业")
"""Not for individuals."""


def check_mini_program(application: Application, today: date) -> Iterator[Problem]:
    """The mini program, without its principal and papers."""
    program, path = application.mini_program, "mini_program"
    yield from check_appid(program)
    yield from _name(program, application.subject.type)
    shortest, longest = REMARK_LENGTH
    if not shortest <= len(program.remark) <= longest:
        code = "remark.too_short" if len(program.remark) < shortest else "remark.too_long"
        message = f"备注应为 {shortest} 至 {longest} 个字,现为 {len(program.remark)} 个"
        fix = "请写明小程序实际提供的服务"
        yield problem(f"{path}.remark", code, message, fix)
    yield from _service_contents(program)
    yield from check_pre_approvals(application, today)


def check_appid(program: MiniProgram) -> Iterator[Problem]:
    """The AppID alone."""
    if not identifiers.is_appid(program.appid):
        fix = "应为 wx 加 16 位小写十六进制字符,见小程序后台"
        yield problem("mini_program.appid", "appid.malformed", "小程序 AppID 格式不正确", fix)


def _name(program: MiniProgram, sort: ApplicantType) -> Iterator[Problem]:
    path, name = "mini_program.name", program.name
    narrowest, widest = NAME_WIDTH
    found = identifiers.width(name)
    if not narrowest <= found <= widest:
        code = "name.too_short" if found < narrowest else "name.too_long"
        message = f"小程序名称应为 {narrowest} 至 {widest} 个字符(汉字算两个),现为 {found} 个"
        yield problem(path, code, message, "请与小程序后台的名称保持一致")
    if "小程序" in name:
        fix = "请修改名称后再备案"
        yield problem(path, "name.generic", "小程序名称中一般不能含“小程序”", fix)
    if name and not name.isalpha() and not any("\u4e00" <= c <= "\u9fff" for c in name):
        message = "小程序名称一般不能全为数字、字母与符号"
        yield problem(path, "name.no_words", message, "建议使用与业务相关的中文名称")
    if any(map(name.__contains__, NATIONAL_WORDS)):
        fix = "请确认主体为国家级机构,否则请修改名称"
        yield problem(path, "name.national", "名称含“中国”或“国家”字样", fix)
    if sort is ApplicantType.INDIVIDUAL and any(word in name for word in COMPANY_WORDS):
        message = "个人主体的小程序名称一般不能含公司、企业等字样"
        yield problem(path, "name.company_word", message, "请修改名称")


def _service_contents(program: MiniProgram) -> Iterator[Problem]:
    path, contents = "mini_program.service_contents", program.service_contents
    if not 1 <= len(contents) <= MOST_SERVICE_CONTENTS:
        code = "service_contents.none" if not contents else "service_contents.too_many"
        message = f"服务内容标识应为 1 至 {MOST_SERVICE_CONTENTS} 项,现为 {len(contents)} 项"
        yield problem(path, code, message, "请选择与实际服务相符的项目")
    for i, content in enumerate(contents):
        if content not in SERVICE_CONTENTS:
            known = "、".join(f"{key}({label})" for key, label in SERVICE_CONTENTS.items())
            fix = f"可选:{known}"
            yield problem(f"{path}.{i}", "service_contents.unknown", "没有这项服务内容标识", fix)
        elif content in contents[:i]:
            message = f"服务内容标识 {content} 重复"
            yield problem(f"{path}.{i}", "service_contents.duplicate", message, "请删除重复项")
