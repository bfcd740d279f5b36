"""Our application in the API's words: what is said of pre-approvals, against the sandbox's lists."""

from typing import Any

import pytest

from filing.vocabulary import PRE_APPROVALS, SERVICE_CONTENTS
from gateways.wechat.lists import Lists
from gateways.wechat.names import Ids, identify
from gateways.wechat.papers import papers
from gateways.wechat.translate import body
from sandbox import lists
from tests.sandbox.wechat_client import MemoryMaterials, organisation

LISTS = Lists(
    subjects=tuple(lists.subject_items()),
    certificates=tuple(lists.certificate_items()),
    contents=tuple(lists.service_content_items()),
    pre_approvals=tuple(lists.nrlx_items()),
    districts=tuple(lists.district_items()),
)


def base_info(**mini_program: Any) -> dict[str, Any]:
    application = organisation(MemoryMaterials(), mini_program=mini_program)
    ids = identify(application, LISTS)
    assert isinstance(ids, Ids), ids
    media = {paper.key: paper.field for paper in papers(application, ids) if paper.key}
    found: dict[str, Any] = body(application, ids, media)["icp_applets"]["base_info"]
    return found


def test_no_pre_approval_is_stated_expressly() -> None:
    (detail,) = base_info(pre_approvals=[])["nrlx_details"]
    assert list(detail) == ["type"]
    assert lists.NRLX_TYPES[detail["type"]] == "以上都不涉及"


@pytest.mark.parametrize(("key", "name"), PRE_APPROVALS.items())
def test_a_declared_one_is_named_with_its_number(key: str, name: str) -> None:
    approval = {"category": key, "number": "1", "valid_to": "长期"}
    (detail,) = base_info(pre_approvals=[approval])["nrlx_details"]
    assert (lists.NRLX_TYPES[detail["type"]], detail["code"]) == (name, "1")


@pytest.mark.parametrize(("key", "name"), SERVICE_CONTENTS.items())
def test_each_service_content_is_one_that_the_sandbox_accepts(key: str, name: str) -> None:
    (found,) = base_info(service_contents=[key])["service_content_types"]
    assert lists.SERVICE_CONTENT_TYPES[found][1] == name
