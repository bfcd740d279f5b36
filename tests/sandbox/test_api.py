"""The sandbox over real HTTP: what it takes and what it refuses."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from filing.applicants import sorts
from filing.vocabulary import APPLICANT_LABELS, CERTIFICATE_LABELS, PRE_APPROVALS, SERVICE_CONTENTS
from tests.sandbox.wechat_client import APPID, PLATFORM, PNG, PlainClient, sandbox

PHOTO = "icp_subject.principal_info.certificate_photo_front"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[PlainClient]:
    async with sandbox(tmp_path / "sandbox.sqlite") as client:
        yield client


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"component_appid": "wx0"}, 40013),
        ({"component_appsecret": "?"}, 40125),
        ({"component_verify_ticket": "?"}, 61006),
    ],
)
async def test_the_platform_has_to_show_its_credentials(
    client: PlainClient, wrong: dict[str, str], code: int
) -> None:
    reply = await client.http.post("/cgi-bin/component/api_component_token", json=PLATFORM | wrong)
    assert reply.json()["errcode"] == code


async def test_an_unknown_token_and_an_expired_one_are_told_apart(client: PlainClient) -> None:
    good, client.token = client.token, "nonsense"
    assert (await client.get("get_icp_entrance_info"))["errcode"] == 40001
    client.token = good
    expired = (await client.http.post("/sandbox/expire-tokens")).json()["expired"]
    assert expired == 2
    assert (await client.get("get_icp_entrance_info"))["errcode"] == 42001


async def test_the_lists_hold_what_our_vocabulary_names(client: PlainClient) -> None:
    async def names(name: str) -> set[str]:
        return {item["name"] for item in (await client.get(f"query_icp_{name}"))["items"]}

    contents = (await client.get("query_icp_service_content_types"))["items"]
    assert set(SERVICE_CONTENTS.values()) <= {c["name"] for c in contents if c["parent_type"]}
    assert set(PRE_APPROVALS.values()) < await names("nrlx_types")
    assert set(APPLICANT_LABELS.values()) <= await names("subject_types")
    assert "营业执照（个人或企业）" in await names("certificate_types")
    subjects = (await client.get("query_icp_subject_types"))["items"]
    certificates = (await client.get("query_icp_certificate_types"))["items"]
    for sort in sorts().values():
        [kind] = [s["type"] for s in subjects if s["name"] == APPLICANT_LABELS[sort.type]]
        listed = {c["name"].partition("（")[0] for c in certificates if c["subject_type"] == kind}
        assert {CERTIFICATE_LABELS[c] for c in sort.certificates} <= listed


async def test_the_districts_are_a_whole_tree(client: PlainClient) -> None:
    provinces = (await client.get("query_icp_district_code"))["items"]
    assert len(provinces) == 31
    assert provinces[0]["name"] == "北京市"
    assert provinces[0]["sub_list"][0]["name"] == "市辖区"
    districts = [d for p in provinces for c in p["sub_list"] for d in c["sub_list"]]
    assert len(districts) > 2900
    assert all(d["type"] == 3 and "sub_list" not in d for d in districts)


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        ({"type": "paper", "icp_order_field": "icp_materials.commitment_letter"}, PNG, 40097),
        ({"type": "image"}, PNG, 40097),
        ({"type": "image", "icp_order_field": "icp_materials.unheard_of"}, PNG, 40097),
        ({"type": "image", "icp_order_field": "icp_materials.promise_video"}, PNG, 40004),
        ({"type": "video", "icp_order_field": "icp_materials.commitment_letter"}, PNG, 40004),
        ({"type": "image", "icp_order_field": PHOTO}, PNG, 40097),
        (
            {
                "type": "image",
                "icp_order_field": PHOTO,
                "certificate_type": "null",
            },
            PNG,
            40097,
        ),
        (
            {"type": "image", "icp_order_field": "icp_materials.commitment_letter"},
            b"%PDF-1.7",
            40004,
        ),
    ],
)
async def test_a_wrong_upload_is_refused(
    client: PlainClient, form: dict[str, str], data: bytes, code: int
) -> None:
    reply = await client.post("upload_icp_media", data=form, files={"media": ("a.png", data)})
    assert reply["errcode"] == code


async def test_what_is_not_json_is_refused(client: PlainClient) -> None:
    assert (await client.post("apply_icp_filing", content=b"{"))["errcode"] == 47001
    assert (await client.post("apply_icp_filing", content=b"[]"))["errcode"] == 47001


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        *folders, leaf = path.split(".")
        here: Any = body
        for folder in folders:
            here = here[folder]
        if value is None:
            del here[leaf]
        else:
            here[leaf] = value

    return change


SUBJECT, APPLETS = "icp_subject.base_info", "icp_applets.base_info"


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("icp_materials", None, "icp_materials"),
        (f"{SUBJECT}.type", "4", f"{SUBJECT}.type"),
        (f"{SUBJECT}.type", 99, f"{SUBJECT}.type"),
        (f"{SUBJECT}.name", " ", f"{SUBJECT}.name"),
        (f"{SUBJECT}.district", "110101", f"{SUBJECT}.district"),
        (f"{SUBJECT}.city", "320599", f"{SUBJECT}.city"),
        (f"{SUBJECT}.address", "江苏省苏州市示例路", f"{SUBJECT}.address"),
        ("icp_subject.organiaze_info", {}, "icp_subject.organiaze_info"),
        ("icp_subject.organize_info.certificate_type", 23, None),
        ("icp_subject.organize_info.certificate_photo", None, None),
        ("icp_subject.principal_info.certificate_photo_front", "unknown", None),
        ("icp_subject.principal_info.mobile", "12345", None),
        ("icp_subject.principal_info.certificate_type", 1, None),
        ("icp_subject.principal_info.emergency_contact", "none", None),
        (f"{SUBJECT}.comment", 5, f"{SUBJECT}.comment"),
        (f"{SUBJECT}.province", 320000, f"{SUBJECT}.province"),
        (f"{SUBJECT}.record_number", "粤B2-20090059", f"{SUBJECT}.record_number"),
        (f"{APPLETS}.service_content_types", [3, 3], f"{APPLETS}.service_content_types"),
        (f"{APPLETS}.nrlx_details", [{"type": 24}, {"type": 1}], f"{APPLETS}.nrlx_details"),
        ("icp_materials.subject_other_materials", ["x"] * 11, None),
        ("icp_subject.principal_info.certificate_validity_date_end", "20201301", None),
        ("icp_subject.principal_info.certificate_validity_date_end", "20190101", None),
        (
            "icp_subject.legal_person_info",
            {"name": "赵", "certificate_number": "1"},
            "icp_subject.principal_info.authorization_letter",
        ),
        (f"{APPLETS}.comment", "太短", f"{APPLETS}.comment"),
        (f"{APPLETS}.comment", "长" * 201, f"{APPLETS}.comment"),
        (f"{APPLETS}.service_content_types", [1, 2, 3, 4, 5, 6], None),
        (f"{APPLETS}.service_content_types", [500], None),
        (f"{APPLETS}.nrlx_details", [], f"{APPLETS}.nrlx_details"),
        (f"{APPLETS}.nrlx_details", [{"type": 7}], f"{APPLETS}.nrlx_details[0].type"),
        (f"{APPLETS}.nrlx_details", [{"type": 1}], f"{APPLETS}.nrlx_details[0].code"),
        (f"{APPLETS}.nrlx_details", [{"type": 24}, {"type": 24}], None),
        ("icp_materials.commitment_letter", "not a list", "icp_materials.commitment_letter"),
        ("icp_materials.commitment_letter", ["unknown"], "icp_materials.commitment_letter"),
        ("icp_materials.unheard_of", [], "icp_materials.unheard_of"),
    ],
)
async def test_a_wrong_application_gets_hints(
    client: PlainClient, path: str, value: Any, hint: str | None
) -> None:
    body = await client.body()
    _set(path, value)(body)
    reply = await client.post("apply_icp_filing", json=body)
    assert reply["errcode"] == 86202
    expected = hint or path
    assert any(h["err_field"].startswith(expected) for h in reply["hints"]), reply["hints"]
    assert (await client.info())["status"] == 1024


async def test_a_photo_of_another_certificate_shows_only_at_apply(client: PlainClient) -> None:
    body = await client.body()
    field = "icp_subject.principal_info.certificate_photo_front"
    body["icp_subject"]["principal_info"]["certificate_photo_front"] = await client.upload(field, 1)
    reply = await client.post("apply_icp_filing", json=body)
    assert (reply["hints"][0]["errcode"], reply["hints"][0]["err_field"]) == (86328, field)


async def test_a_film_is_no_photo_and_a_photo_no_film(client: PlainClient) -> None:
    film = await client.post(
        "upload_icp_media",
        data={"type": "video", "icp_order_field": "icp_materials.promise_video"},
        files={"media": ("a.mp4", b"\0\0\0\x14ftypisom\0\0\2\0isom")},
    )
    body = await client.body()
    photo = body["icp_subject"]["organize_info"]["certificate_photo"]
    body["icp_materials"] = {"commitment_letter": [film["media_id"]], "promise_video": [photo]}
    reply = await client.post("apply_icp_filing", json=body)
    assert [(h["errcode"], h["err_field"]) for h in reply["hints"]] == [
        (86205, "icp_materials.commitment_letter"),
        (86205, "icp_materials.promise_video"),
    ]
    body["icp_materials"] = {"promise_video": [film["media_id"]]}
    assert (await client.post("apply_icp_filing", json=body))["errcode"] == 0


async def test_what_a_mini_program_lacks_keeps_it_from_applying(client: PlainClient) -> None:
    await client.control(available=1)
    await client.control(status=1027)
    assert (await client.info())["status"] == 1027
    assert len((await client.apply())["hints"]) == 2
    await client.control(status=1028)
    assert (await client.apply())["errcode"] == 0


async def test_media_of_another_mini_program_is_unknown(client: PlainClient) -> None:
    body = await client.body()
    other = PlainClient(client.http, "wx00000000000000ff")
    await other.authorise()
    assert (await other.post("apply_icp_filing", json=body))["hints"][0]["errcode"] == 86205
    orders = (await client.http.get("/sandbox/orders")).json()["orders"]
    assert all(order["appid"] == APPID for order in orders)
