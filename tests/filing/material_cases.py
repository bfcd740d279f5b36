"""What breaks the rules about papers that depend on kind, province and data, and on copies.

`rule_cases_form.py` has those of the form of papers and their files.
"""

import copy
from datetime import date
from typing import Any

from tests.filing.rule_cases import Case, Data, organisation

GUANGDONG = {
    "subject.province": "广东省",
    "subject.city": "深圳市",
    "subject.district": "南山区",
    "subject.certificate.address": "广东省深圳市南山区示例路1号",
}


def changing(data: Data, *, known: bool = True) -> Data:
    """A change of the subject, of which nothing has changed yet, without papers."""
    if known:
        data["on_file"] = copy.deepcopy({key: data[key] for key in ("mini_program", "subject")})
    data["kind"] = "change_subject"
    data["subject"]["subject_number"] = "苏ICP备2026000001号"
    data["filing_number"] = "苏ICP备2026000001号-1X"
    data["effective_on"] = date(2027, 1, 31)
    data["materials"] = []
    return data


def _renamed(data: Data) -> Data:
    licence = data["materials"][0]
    changing(data)["on_file"]["subject"]["name"] = "苏州旧名信息技术有限公司"
    data["materials"] = [licence]
    return data


def _changed_somehow(data: Data) -> Data:
    papers = data["materials"][:3]
    changing(data, known=False)["materials"] = papers
    return data


def _more(times: int, **paper: Any) -> Case:
    return Case({f"materials.{6 + i}": paper for i in range(times)})


def _in_guangdong() -> Data:
    data = organisation()
    for path, value in GUANGDONG.items():
        *parents, last = path.split(".")
        at = data
        for part in parents:
            at = at[part]
        at[last] = value
    return data


CASES = {
    "material.missing": Case(_renamed),
    "material.may_be_needed": Case({"materials.5.type": "on_site_photo"}, base=_in_guangdong),
    "material.depends_on_change": Case(_changed_somehow, also=frozenset({"on_file.missing"})),
    "material.superfluous": _more(1, type="residence_permit", file="permit.png"),
    "material.more_than_taken": _more(1, type="service_commitment", file="second.png"),
    "file.copy": _more(2, type="other", file="same.png"),
}
