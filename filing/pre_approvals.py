"""Pre-approvals (前置审批): which ones an application declares, and which it likely needs.

What there is to know of each category is `data/pre_approvals.yaml`, the rules with their sources
`data/rules/pre_approval.yaml`. What only hints at a category is a word: it may warn, never refuse.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple
from unicodedata import normalize

import yaml
from pydantic import model_validator

from filing.application import LONG_TERM, Application, MiniProgram, PreApproval
from filing.findings import problem
from filing.forecast import forecast
from filing.materials import required_materials
from filing.model import Model
from filing.problems import Problem
from filing.vocabulary import (
    CANCELLATIONS,
    MATERIAL_LABELS,
    NO_PRE_APPROVAL,
    PRE_APPROVALS,
    SERVICE_CONTENTS,
    ApplicantType,
    Kind,
    MaterialType,
)
from filing.windows import Arrangement, WindowTerms
from filing.workdays import start_of

PATH = "mini_program.pre_approvals"

PLACES = {"mini_program.name": "小程序名称", "mini_program.remark": "备注"}
"""Where words are looked for; what hints in `mini_program.service_contents.<i>` is the content."""

MOST_NAMED = 3
"""Hints that one warning names."""

REMOVE = "一般不必填写,也没有批准文件可附,请与管局确认后删除该项"
"""What to do about one that is no longer asked for; the authority still takes it, with a paper."""

WEEKDAYS_ONLY = Arrangement(
    version="weekdays only",
    holidays=frozenset(),
    working_weekends=frozenset(),
    published_years=frozenset(),
)
"""The calendar is not known here: a review may last longer, by the holidays that it meets."""

Mark = Literal["O", "V", "S", "SEED", "FORM", "UNVERIFIED"]


class Article(Model):
    """What a refusal cites: `text` as an applicant reads it."""

    text: str
    source: str
    mark: Mark


class Category(Model):
    """One category of pre-approval; what its fields mean stands in the data file."""

    name: str
    documents: tuple[str, ...]
    body: str
    articles: tuple[str, ...]
    source: str
    mark: Mark
    provinces: tuple[str, ...] = ()
    abolished: bool = False
    contents: tuple[str, ...]
    words: tuple[str, ...]
    against: tuple[str, ...]

    def applies_in(self, province: str) -> bool:
        """Whether it is asked for there, as far as is known."""
        return not self.abolished and (not self.provinces or province in self.provinces)


class Catalogue(Model):
    """The data file: articles by the names that categories use for them, and the categories."""

    articles: dict[str, Article]
    categories: dict[str, Category]

    @model_validator(mode="after")
    def _agrees(self) -> "Catalogue":
        names = {key: category.name for key, category in self.categories.items()}
        if names != PRE_APPROVALS:
            raise ValueError("categories and their names must be those of PRE_APPROVALS")
        for key, category in self.categories.items():
            if not set(category.articles) <= set(self.articles):
                raise ValueError(f"{key}: an article that is not listed")
            if not set(category.contents) <= set(SERVICE_CONTENTS):
                raise ValueError(f"{key}: a service content that SERVICE_CONTENTS lacks")
        return self


class Hint(Model):
    """Why an application likely needs a pre-approval."""

    category: str
    path: str
    """Of the field that hints, as in `mini_program.remark` or `mini_program.service_contents.0`."""
    word: str
    """The word found there, or the service content's Chinese name."""


@cache
def catalogue() -> Catalogue:
    """All categories, read once. Raises `pydantic.ValidationError` where the file is wrong."""
    text = (resources.files("filing") / "data" / "pre_approvals.yaml").read_text(encoding="utf-8")
    return Catalogue.model_validate(yaml.safe_load(text))


# What hints


class _Patterns(NamedTuple):
    words: re.Pattern[str]
    against: re.Pattern[str] | None


_CLAUSE = re.compile(r"([^,。;!?\n]*)([,。;!?\n]?)")

_DENIAL = re.compile(
    r"[不未](?:会|再|可|得|能|对外)?"
    r"(?:涉及|含|包含|包括|提供|从事|开展|经营|销售|售卖|出售|代售|发布|转载|属于|卖)"
    r"|没有|并无|并非|无任何|禁止|严禁|请勿|拒绝"
)
"""From here to the end of its clause, what is named is not done: 不涉及药品、医疗器械."""

_DENIED_BEFORE = re.compile(r"(?:无关|除外|[均都]不涉及|暂未开[放通])(?:之列|的?内容|的?服务)?$")
"""A clause that ends so denies what it begins with: 新闻、出版均不涉及."""

_FILLER = "\0"


@cache
def _patterns(key: str) -> _Patterns:
    category = catalogue().categories[key]
    against = _any_of(category.against) if category.against else None
    return _Patterns(_any_of(category.words), against)


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    """The longest first, for the first that fits is taken."""
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


@cache
def _rest_of_a_list() -> re.Pattern[str]:
    """A clause that only goes on with what the one before it denied: 不涉及新闻,出版,教育等内容."""
    words = {w for c in catalogue().categories.values() for w in (c.name, *c.words)}
    item, joint = f"(?:{_any_of(list(words)).pattern})", r"(?:[、/及和或与]|以及)"
    return re.compile(f"{joint}?{item}(?:{joint}{item})*(?:等.*|类?(?:的?内容|信息|服务))?")


def _affirmed(text: str) -> str:
    """The text without what it denies."""
    kept: list[str] = []
    denying = False
    for clause, mark in _CLAUSE.findall(normalize("NFKC", text)):
        clause = clause.strip()
        if not (denying and _rest_of_a_list().fullmatch(clause)):
            denial = _DENIAL.search(clause)
            if not _DENIED_BEFORE.search(clause):
                kept.append(clause[: denial.start()] if denial else clause)
            denying = denial is not None
        denying = denying and mark == ","
    return _FILLER.join(kept)


def likely(application: Application) -> tuple[Hint, ...]:
    """What hints at categories that apply in the subject's province, declared or not.

    In the order of the categories, of name, remark and service contents, each word once a field.
    """
    program, province = application.mini_program, application.subject.province
    if not _any_hint(program):
        return ()
    texts = {path: _affirmed(getattr(program, path.rpartition(".")[2])) for path in PLACES}
    found: list[Hint] = []
    for key, category in catalogue().categories.items():
        if not category.applies_in(province):
            continue
        for path, text in texts.items():
            found += (Hint(category=key, path=path, word=word) for word in _words_in(text, key))
        for i, content in enumerate(program.service_contents):
            if content in category.contents:
                path = f"mini_program.service_contents.{i}"
                found.append(Hint(category=key, path=path, word=SERVICE_CONTENTS[content]))
    return tuple(found)


def _any_hint(program: MiniProgram) -> bool:
    """Whether it is worth while to look at each category: most applications hint at none."""
    written = normalize("NFKC", f"{program.name}{_FILLER}{program.remark}")
    return _every_word().search(written) is not None or any(
        content in _every_content() for content in program.service_contents
    )


@cache
def _every_word() -> re.Pattern[str]:
    return _any_of([word for c in catalogue().categories.values() for word in c.words])


@cache
def _every_content() -> frozenset[str]:
    return frozenset(content for c in catalogue().categories.values() for content in c.contents)


def _words_in(text: str, key: str) -> Iterator[str]:
    patterns = _patterns(key)
    if patterns.against is not None:
        text = patterns.against.sub(_FILLER, text)
    yield from dict.fromkeys(patterns.words.findall(text))


# What is checked


def check_pre_approvals(application: Application, today: date) -> Iterator[Problem]:
    """What is declared, with its papers, and what likely should have been."""
    approvals = application.mini_program.pre_approvals
    if approvals is None and application.kind not in CANCELLATIONS:
        known = "、".join(f"{key}({name})" for key, name in PRE_APPROVALS.items())
        fix = f"都不涉及时写 pre_approvals: [](即“{NO_PRE_APPROVAL}”);涉及的逐项填写,可选:{known}"
        yield problem(PATH, "pre_approvals.not_stated", "未说明是否涉及前置审批", fix)
    approvals = approvals or ()
    if approvals and application.subject.type is ApplicantType.INDIVIDUAL:
        fix = "涉及前置审批的服务请以单位名义备案,否则请写 pre_approvals: []"
        yield problem(PATH, "pre_approval.individual", "个人主体不能取得前置审批", fix)
    else:
        for i, approval in enumerate(approvals):
            yield from _declared(i, approval, application, today)
    yield from _undeclared(application, {a.category for a in approvals})


def _declared(
    index: int, approval: PreApproval, application: Application, today: date
) -> Iterator[Problem]:
    path, key, province = f"{PATH}.{index}", approval.category, application.subject.province
    category = catalogue().categories.get(key)
    if category is None:
        known = "、".join(f"{key}({name})" for key, name in PRE_APPROVALS.items())
        fix = f"可选:{known};都不涉及时写 pre_approvals: []"
        yield problem(f"{path}.category", "pre_approval.unknown", "没有这个前置审批类别", fix)
        return
    earlier = (application.mini_program.pre_approvals or ())[:index]
    if key in [a.category for a in earlier]:
        message = f"前置审批类别 {category.name} 重复"
        fix = "同一类别只能填写一项,请删除重复项"
        yield problem(f"{path}.category", "pre_approval.duplicate", message, fix)
    else:
        yield from _paper(key, category, application, today)
    if category.abolished:
        message = f"前置审批 {category.name} 已取消"
        yield problem(f"{path}.category", "pre_approval.abolished", message, REMOVE)
    elif not category.applies_in(province):
        message = f"前置审批 {category.name} 目前只在{'、'.join(category.provinces)}办理"
        yield problem(f"{path}.category", "pre_approval.not_in_province", message, REMOVE)
    if not approval.number:
        message = f"缺少前置审批({category.name})批准文件的编号"
        give = f"请填写{_proof(category)}的编号;{_basis(category)}"
        fix = give if category.applies_in(province) else REMOVE
        yield problem(f"{path}.number", "pre_approval.no_number", message, fix)
    yield from _validity(f"{path}.valid_to", approval, category, application.kind, today)


def _paper(
    key: str, category: Category, application: Application, today: date
) -> Iterator[Problem]:
    if all(one.category != key for one in required_materials(application, today)):
        return  # a cancellation, or a change that leaves it as it is
    papers = (m for m in application.materials if m.type is MaterialType.PRE_APPROVAL)
    if all(m.category != key for m in papers):
        message = f"缺少{MATERIAL_LABELS[MaterialType.PRE_APPROVAL]}({category.name})"
        entry = f"{{type: {MaterialType.PRE_APPROVAL.value}, category: {key}, file: …}}"
        put = f"请在 materials 中加入 {entry},附{_proof(category)};{_basis(category)}"
        fix = put if category.applies_in(application.subject.province) else REMOVE
        yield problem("materials", "material.missing_pre_approval", message, fix)


def _validity(
    path: str, approval: PreApproval, category: Category, kind: Kind, today: date
) -> Iterator[Problem]:
    if approval.valid_to == LONG_TERM:
        return
    documents = "、".join(category.documents)
    fix = f"请向{category.body}办理延续{documents},再填写新的有效期;{_basis(category)}"
    if approval.valid_to < today:
        message = f"前置审批({category.name})的批准文件已过期"
        yield problem(path, "pre_approval.expired", message, fix)
    elif approval.valid_to < last_day_of_review(kind, today):
        message = f"前置审批({category.name})的批准文件可能在管局审核期间到期"
        yield problem(path, "pre_approval.expires_in_review", message, fix)


def last_day_of_review(kind: Kind, today: date) -> date:
    """The last day of the bureau's review where every stage takes its whole window from today on;
    at least, for holidays are not counted here."""
    steps = forecast(kind, start_of(today), WEEKDAYS_ONLY, WindowTerms())
    return (steps[-1].due_at - timedelta(days=1)).date()


def _undeclared(application: Application, declared: set[str]) -> Iterator[Problem]:
    individual = application.subject.type is ApplicantType.INDIVIDUAL
    hints: dict[str, list[Hint]] = {}
    for hint in likely(application):
        if hint.category not in declared:
            hints.setdefault(hint.category, []).append(hint)
    for key, of_category in hints.items():
        category = catalogue().categories[key]
        named = "、".join(_where(hint) for hint in of_category[:MOST_NAMED])
        message = f"{named}提示可能涉及前置审批({category.name}),申请中未填写"
        if individual:
            way = "确实涉及的请以单位名义备案,个人主体不能取得前置审批"
        else:
            way = f"确实涉及的请先取得{_proof(category)},填入 pre_approvals 并附材料"
        fix = f"{way};不涉及的请在备注中写明;{_basis(category)}"
        yield problem(PATH, "pre_approval.likely", message, fix)


def _where(hint: Hint) -> str:
    return f"{PLACES.get(hint.path, '服务内容标识')}中的“{hint.word}”"


def _proof(category: Category) -> str:
    """The documents and who gives them, to stand in a sentence."""
    return f"{category.body}核发的{'、'.join(category.documents)}"


def _basis(category: Category) -> str:
    listed = catalogue().articles
    return f"依据{'、'.join(listed[key].text for key in category.articles)}"
