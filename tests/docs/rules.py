"""Every rule with its source, for people.

`python -m tests.docs.rules` writes it from `filing/data/rules/` to `docs/rules.md`.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from filing.applicants import Sort, sorts
from filing.rules import Mark, Rule, topics
from filing.vocabulary import APPLICANT_LABELS, CERTIFICATE_LABELS

PAGE = Path(__file__).parents[2] / "docs/rules.md"

INTRODUCTION = """\
# The rules

Every rule that an application is checked by. Generated from `filing/data/rules/` by
`python -m tests.docs.rules`; `make test` checks that it is current, that every code which the checks can
give is here, and that each is broken by a case of its own (`tests/filing/rule_cases_*.py`) and met by a
valid application.

An *error* forbids the start; a *warning* is shown to the reviewer. A rule marked ⇄ is a common reason for
a return and can be switched with `BEIAN_CHECKS`, as in
`BEIAN_CHECKS="remark.vague=error,mobile.shared=warning,name.unrelated=off"`. What rests on S or UNVERIFIED
alone only warns, unless it is switched on purpose.

| mark | what the source is |
|---|---|
| O | an official text: Tencent, the ministry, a provincial bureau |
| V | another vendor's published documentation of the same national system, mostly of websites |
| SEED | the guide that this project implements |
| FORM | a form: digits, lengths, the shape of our own file |
| S | a secondary restatement |
| UNVERIFIED | general knowledge that no page confirmed |

Not checked, though a filing may be returned for it, because it cannot be told from an application: whether
the organisation is in good standing with its register, and its name and address word for word those of the
register; whether a phone is answered, used by another subject, or of the filing's province (no table of
number ranges is at hand); whether a name is taken; what a photograph shows (background, clothing, a face),
and a letter's signature and seal; whether an existing site (历史服务) can be reached and shows its number.
"""


def page(written: Mapping[str, tuple[Rule, ...]]) -> str:
    """`docs/rules.md`."""
    rules = [rule for listed in written.values() for rule in listed]
    marks, levels = Counter(r.mark for r in rules), Counter(r.severity for r in rules)
    counts = ", ".join(f"{mark} {marks[mark]}" for mark in get_args(Mark) if marks[mark])
    switchable = sum(rule.switchable for rule in rules)
    lines = [
        INTRODUCTION,
        f"{len(rules)} rules: {levels['error']} errors and {levels['warning']} warnings, "
        f"{switchable} switchable. By mark: {counts}.",
    ]
    for topic, listed in written.items():
        lines += [
            "",
            f"## {topic.replace('_', ' ').capitalize()}",
            "",
            "| code | field | rule | source | mark | |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(rule) for rule in listed]
    lines += ["", CERTIFICATES]
    lines += [_sort_row(sort) for sort in sorts().values()]
    return "\n".join(lines) + "\n"


CERTIFICATES = """\
## Which certificate for which sort of applicant

Of another certificate `certificate.unusual_type` warns; where the mark is O,
`certificate.not_for_this_sort` refuses. The codes begin with the registering authority and the sort of
body (GB 32100-2015 table 1), UNVERIFIED against later amendments: `certificate.other_applicant_type` warns.

| sort | certificates | codes begin with | most mini programs (WX-FAQ, O) | source | mark |
|---|---|---|---|---|---|"""


def _sort_row(sort: Sort) -> str:
    held = ", ".join(f"`{c.value}` {CERTIFICATE_LABELS[c]}" for c in sort.certificates)
    cells = (
        f"`{sort.type.value}` {APPLICANT_LABELS[sort.type]}",
        held,
        ", ".join(sort.prefixes),
        str(sort.most),
        sort.source,
        sort.mark,
    )
    return "| " + " | ".join(cells) + " |"


def _row(rule: Rule) -> str:
    field = ", ".join(f"`{part}`" for part in rule.field.split(" | ")) if rule.field else "(all)"
    level = rule.severity + (" ⇄" if rule.switchable else "")
    cells = (f"`{rule.code}`", field, rule.rule, rule.source, rule.mark, level)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(topics()), encoding="utf-8")
