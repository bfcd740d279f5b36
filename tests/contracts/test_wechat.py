"""What the reference says of the API, tried on the sandbox or on the real one.

Which it is, the environment says (`conftest.py`). Nothing here applies for, changes or ends a
filing; what leaves anything at all is allowed by a variable of its own.
"""

import io
from typing import Any

import pytest
from PIL import Image

from tests.contracts.conftest import Authority

NOWHERE = "no-such-id"


async def test_tokens_are_renewed(authority: Authority) -> None:
    component = await authority.component_token()
    given = await authority.renewed(component)
    assert 0 < given["expires_in"] <= 7200
    assert given["authorizer_refresh_token"]
    authority.token = given["authorizer_access_token"]


async def test_a_wrong_token_is_told_from_a_good_one(authority: Authority) -> None:
    reply = await authority.call("/wxa/icp/get_icp_entrance_info", token="nonsense")
    assert reply["errcode"] in (40001, 40014)
    assert reply["errmsg"]


@pytest.mark.parametrize(
    "name",
    ["subject_types", "certificate_types", "nrlx_types", "service_content_types", "district_code"],
)
async def test_the_lists_are_there(authority: Authority, name: str) -> None:
    reply = await authority.call(f"/wxa/icp/query_icp_{name}")
    assert reply.get("errcode", 0) == 0
    assert len(reply["items"]) > 1


async def _items(authority: Authority, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await authority.call(f"/wxa/icp/query_icp_{name}"))["items"]
    return items


async def test_the_lists_fit_each_other(authority: Authority) -> None:
    subjects = {item["type"] for item in await _items(authority, "subject_types")}
    certificates = await _items(authority, "certificate_types")
    assert {item["subject_type"] for item in certificates} <= subjects
    contents = await _items(authority, "service_content_types")
    first = {item["type"] for item in contents if item["parent_type"] == 0}
    assert {item["parent_type"] for item in contents} - {0} <= first
    none = [i["type"] for i in await _items(authority, "nrlx_types") if "不涉及" in i["name"]]
    assert none == [24]


async def test_what_our_names_rest_on_is_listed(authority: Authority) -> None:
    subjects = {i["type"]: i["name"] for i in await _items(authority, "subject_types")}
    assert subjects.get(4) == "企业"
    assert subjects.get(5) == "个人"
    certificates = await _items(authority, "certificate_types")
    of_persons = {i["type"]: i["name"] for i in certificates if i["subject_type"] == 5}
    assert of_persons.get(2) == "居民身份证"


async def test_where_an_order_stands(authority: Authority) -> None:
    reply = await authority.call("/wxa/icp/get_icp_entrance_info")
    assert reply["errcode"] == 0
    assert reply["info"]["status"] in {2, 3, 4, 5, 6, *range(1024, 1032)}


async def test_the_detail_of_a_filing_or_that_there_is_none(authority: Authority) -> None:
    info = (await authority.call("/wxa/icp/get_icp_entrance_info"))["info"]
    reply = await authority.call("/wxa/icp/get_online_icp_order")
    if info["status"] == 6:
        assert reply["errcode"] == 0
    elif info["status"] >= 1024:
        assert reply["errcode"] != 0


async def test_how_often_a_path_may_be_called(authority: Authority) -> None:
    given = {"cgi_path": "/wxa/icp/apply_icp_filing"}
    reply = await authority.call("/cgi-bin/openapi/quota/get", json=given)
    assert reply["errcode"] == 0
    quota = reply["quota"]
    assert quota["remain"] == quota["daily_limit"] - quota["used"]


async def test_an_unknown_face_check(authority: Authority) -> None:
    given = {"task_id": NOWHERE}
    reply = await authority.call("/wxa/icp/query_icp_verifytask", json=given)
    assert reply["errcode"] in (1, 86328)


async def test_an_unknown_material(authority: Authority) -> None:
    reply = await authority.call("/wxa/icp/get_icp_media", params={"media_id": NOWHERE})
    assert reply["errcode"] == 86205


async def test_an_unknown_procedure(authority: Authority) -> None:
    reply = await authority.call("/wxa/sec/query_auth_and_icp", json={"procedure_id": NOWHERE})
    assert reply["errcode"] != 0


async def test_an_application_that_is_no_json(authority: Authority) -> None:
    reply = await authority.call("/wxa/icp/apply_icp_filing", content=b"{")
    assert reply["errcode"] == 47001


async def test_an_upload_and_its_fetching(creating: Authority) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(picture, "PNG")
    reply = await creating.call(
        "/wxa/icp/upload_icp_media",
        data={"type": "image", "icp_order_field": "icp_materials.commitment_letter"},
        files={"media": ("a.png", picture.getvalue(), "image/png")},
    )
    assert reply["errcode"] == 0, reply["errcode"]
    got = await creating.http.get(
        "/wxa/icp/get_icp_media",
        params={"access_token": creating.token, "media_id": reply["media_id"]},
    )
    assert got.headers["content-type"].startswith("image/")


async def test_a_face_check_is_created_and_asked_for(creating: Authority) -> None:
    """The mini program's administrator gets a notice."""
    created = await creating.call("/wxa/icp/create_icp_verifytask", json={"along_with_auth": False})
    assert created["errcode"] == 0
    assert "verify_url" not in created
    given = {"task_id": created["task_id"]}
    reply = await creating.call("/wxa/icp/query_icp_verifytask", json=given)
    assert reply["errcode"] == 0
