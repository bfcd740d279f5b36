"""What the tests of the sandbox and of its client share: a plain client and an invented application."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from filing.application import Application
from filing.files import FileFacts
from sandbox.app import create_app
from sandbox.server import serve
from tests.contracts.shapes import Held

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
PLATFORM = {
    "component_appid": "wxc0ffee0000000001",
    "component_appsecret": "sandbox-component-secret",
    "component_verify_ticket": "ticket@@@sandbox",
}
APPID = "wx1a2b3c4d5e6f7a8b"


class PlainClient:
    """Speaks the API as the reference has it, with none of our gateway's help."""

    def __init__(self, http: httpx.AsyncClient, appid: str = APPID) -> None:
        self.http, self.appid, self.token = http, appid, ""

    async def authorise(self) -> None:
        reply = await self.http.post("/cgi-bin/component/api_component_token", json=PLATFORM)
        component = reply.json()["component_access_token"]
        reply = await self.http.post(
            "/cgi-bin/component/api_authorizer_token",
            params={"component_access_token": component},
            json={
                "component_appid": PLATFORM["component_appid"],
                "authorizer_appid": self.appid,
                "authorizer_refresh_token": "refreshtoken@@@sandbox",
            },
        )
        self.token = reply.json()["authorizer_access_token"]

    async def get(self, name: str) -> dict[str, Any]:
        reply = await self.http.get(f"/wxa/icp/{name}", params={"access_token": self.token})
        result: dict[str, Any] = reply.json()
        return result

    async def post(self, name: str, **request: Any) -> dict[str, Any]:
        reply = await self.http.post(
            f"/wxa/icp/{name}", params={"access_token": self.token}, **request
        )
        result: dict[str, Any] = reply.json()
        return result

    async def upload(self, field: str, kind: int | None = None, data: bytes = PNG) -> str:
        form = {"type": "image", "icp_order_field": field}
        if kind is not None:
            form["certificate_type"] = str(kind)
        reply = await self.post("upload_icp_media", data=form, files={"media": ("a.png", data)})
        media_id: str = reply["media_id"]
        return media_id

    async def body(self) -> dict[str, Any]:
        """A right application, its media uploaded."""
        licence = await self.upload("icp_subject.organize_info.certificate_photo", 1)
        photo = await self.upload("icp_subject.principal_info.certificate_photo_front", 2)
        person = {
            "name": "王芳",
            "mobile": "13800000001",
            "email": "wang@example.com",
            "emergency_contact": "13900000001",
            "certificate_type": 2,
            "certificate_number": "320583199001011234",
            "certificate_validity_date_start": "20200101",
            "certificate_validity_date_end": "长期",
            "certificate_photo_front": photo,
            "certificate_photo_back": photo,
        }
        return {
            "icp_subject": {
                "base_info": {
                    "type": 4,
                    "name": "苏州示例信息技术有限公司",
                    "province": "320000",
                    "city": "320500",
                    "district": "320583",
                    "address": "示例路 1 号",
                },
                "organize_info": {
                    "certificate_type": 1,
                    "certificate_number": "91320583MA00000000",
                    "certificate_address": "江苏省苏州市昆山市示例路 1 号",
                    "certificate_photo": licence,
                },
                "principal_info": person,
            },
            "icp_applets": {
                "base_info": {
                    "service_content_types": [3, 4],
                    "nrlx_details": [{"type": 24}],
                    "comment": "面向昆山本地商户的线上商城,提供商品浏览与下单服务",
                },
                "principal_info": person,
            },
            "icp_materials": {},
        }

    async def apply(self) -> dict[str, Any]:
        return await self.post("apply_icp_filing", json=await self.body())

    async def info(self) -> dict[str, Any]:
        info: dict[str, Any] = (await self.get("get_icp_entrance_info"))["info"]
        return info

    async def control(self, **changes: Any) -> httpx.Response:
        return await self.http.post(f"/sandbox/orders/{self.appid}", json=changes)

    async def quota(self, path: str) -> dict[str, Any]:
        """What is left of a path's quota."""
        reply = await self.http.post(
            "/cgi-bin/openapi/quota/get",
            params={"access_token": self.token},
            json={"cgi_path": path},
        )
        result: dict[str, Any] = reply.json()
        return result

    async def face(self, **flags: Any) -> str:
        """A face check, created; gives its task id."""
        task_id: str = (await self.post("create_icp_verifytask", json=flags))["task_id"]
        return task_id

    async def face_status(self, task_id: str) -> dict[str, Any]:
        return await self.post("query_icp_verifytask", json={"task_id": task_id})


@asynccontextmanager
async def sandbox(
    database: Path, automatic: bool = False, receive_after: float = 3.0, **options: Any
) -> AsyncIterator[PlainClient]:
    """A served sandbox and an authorised client of it, its requests and replies held to the
    reference's shapes."""
    app = Held(create_app(database, automatic, receive_after, **options))
    async with (
        serve(app, 0) as base_url,
        httpx.AsyncClient(base_url=base_url, trust_env=False, verify=False) as http,
    ):
        client = PlainClient(http)
        await client.authorise()
        yield client
    assert app.faults == []


class MemoryMaterials:
    """Materials by content, in memory; counts what is read."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.reads: list[str] = []

    def add(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self.held[sha256] = content
        return sha256

    async def facts(self, sha256: str, file: str) -> FileFacts:
        return FileFacts(file=file, sha256=sha256, media_type="image/png")

    async def read(self, sha256: str) -> bytes:
        self.reads.append(sha256)
        return self.held[sha256]


def person(name: str, number: str, mobile: str) -> dict[str, Any]:
    return {
        "name": name,
        "certificate": {
            "type": "resident_id",
            "number": number,
            "valid_from": date(2020, 1, 1),
            "valid_to": "长期",
        },
        "mobile": mobile,
        "email": "someone@example.com",
        "emergency_mobile": "13900000009",
    }


LI = person("李明", "320583198001011234", "13800000002")
WANG = person("王芳", "320583199001011234", "13800000001")

_ORGANISATION: dict[str, Any] = {
    "kind": "new",
    "mini_program": {
        "appid": APPID,
        "name": "昆山示例商城",
        "remark": "面向昆山本地商户的线上商城,提供商品浏览与下单服务",
        "service_contents": ["ecommerce", "catering"],
        "pre_approvals": [],
        "principal": WANG,
    },
    "subject": {
        "type": "enterprise",
        "name": "苏州示例信息技术有限公司",
        "certificate": {
            "type": "business_licence",
            "number": "91320583MA00000000",
            "address": "江苏省苏州市昆山市示例路 1 号",
        },
        "province": "江苏省",
        "city": "苏州市",
        "district": "昆山市",
        "address": "示例路 1 号",
        "legal_representative": LI,
        "principal": LI,
    },
    "contact": {"email": "ops@example.com"},
}
_PAPERS: list[dict[str, Any]] = [
    {"type": "subject_certificate", "file": "licence.png"},
    {"type": "subject_principal_certificate", "side": "front", "file": "li-front.png"},
    {"type": "subject_principal_certificate", "side": "back", "file": "li-back.png"},
    {"type": "mini_program_principal_certificate", "side": "front", "file": "wang-front.png"},
    {"type": "mini_program_principal_certificate", "side": "back", "file": "wang-back.png"},
    {"type": "service_commitment", "file": "commitment.png"},
]


def organisation(
    materials: MemoryMaterials,
    *,
    papers: list[dict[str, Any]] | None = None,
    subject: dict[str, Any] | None = None,
    mini_program: dict[str, Any] | None = None,
    kind: str = "new",
) -> Application:
    """A valid application, its files put into `materials`; parts of it replaced."""
    value = deepcopy(_ORGANISATION)
    value["kind"] = kind
    value["subject"] |= subject or {}
    value["mini_program"] |= mini_program or {}
    value["materials"] = [
        {**paper, "sha256": materials.add(PNG + paper["file"].encode())}
        for paper in (_PAPERS if papers is None else papers)
    ]
    return Application.model_validate(value)
