"""Calls that fail as they are told to, and are counted."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from tests.sandbox.wechat_client import APPID, PlainClient, sandbox

APPLY = "/wxa/icp/apply_icp_filing"
INFO = "/wxa/icp/get_icp_entrance_info"


async def _order(client: PlainClient) -> dict[str, Any] | None:
    reply = await client.http.get(f"/sandbox/orders/{APPID}")
    return reply.json() if reply.status_code == 200 else None


async def _next(client: PlainClient, kind: str, **more: Any) -> None:
    rules = [{"kind": kind, "next": 1, "paths": [APPLY], **more}]
    reply = await client.http.post("/sandbox/faults", json={"faults": rules})
    assert reply.status_code == 200, reply.json()


@pytest.mark.parametrize(("kind", "code"), [("busy", -1), ("rate_limit", 45011)])
async def test_a_call_that_is_refused_is_not_done(tmp_path: Path, kind: str, code: int) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await _next(client, kind)
        assert (await client.apply())["errcode"] == code
        assert await _order(client) is None
        assert (await client.apply())["errcode"] == 0


async def test_a_server_error_leaves_nothing_done(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await _next(client, "http_500")
        body = await client.body()
        reply = await client.http.post(APPLY, params={"access_token": client.token}, json=body)
        assert reply.status_code == 500
        assert await _order(client) is None


async def test_a_token_runs_out_in_mid_air_and_stays_so(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await _next(client, "expired_token")
        body = await client.body()
        assert (await client.post("apply_icp_filing", json=body))["errcode"] == 42001
        assert (await client.get("get_icp_entrance_info"))["errcode"] == 42001
        await client.authorise()
        assert (await client.post("apply_icp_filing", json=body))["errcode"] == 0


@pytest.mark.parametrize("kind", ["http_504", "drop", "timeout", "bad_json"])
async def test_an_answer_is_lost_after_the_work_was_done(tmp_path: Path, kind: str) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        await _next(client, kind)
        call = client.http.post(
            APPLY, params={"access_token": client.token}, json=await client.body(), timeout=0.5
        )
        if kind in ("drop", "timeout"):
            error = httpx.RemoteProtocolError if kind == "drop" else httpx.ReadTimeout
            with pytest.raises(error):
                await call
        else:
            reply = await call
            assert reply.status_code == (504 if kind == "http_504" else 200)
            with pytest.raises(json.JSONDecodeError):
                reply.json()
        order = await _order(client)
        assert order is not None
        assert (order["status"], order["applications"]) == (2, 1)
        assert (await client.apply())["errcode"] == 86324


async def test_latency_is_added(tmp_path: Path) -> None:
    slow = [Fault("latency", next=1, paths=(INFO,), seconds=0.3)]
    async with sandbox(tmp_path / "a.sqlite", faults=slow) as client:
        began = asyncio.get_running_loop().time()
        assert (await client.info())["status"] == 1024
        assert asyncio.get_running_loop().time() - began >= 0.3


async def test_rates_hit_their_share_of_their_paths_and_all_is_counted(tmp_path: Path) -> None:
    rules = [Fault("busy", percent=20.0, seed=1, paths=("/wxa/icp/get_*",))]
    async with sandbox(tmp_path / "a.sqlite", faults=rules) as client:
        codes = [(await client.get("get_icp_entrance_info"))["errcode"] for _ in range(200)]
        for _ in range(20):
            assert (await client.get("query_icp_nrlx_types"))["errcode"] == 0
        hit = codes.count(-1)
        assert 20 <= hit <= 60
        client.token = "?"
        await client.get("query_icp_nrlx_types")
        calls = (await client.http.get("/sandbox/calls")).json()["calls"]
        assert calls[INFO] == {"calls": 200, "refusals": {}, "faults": {"busy": hit}}
        assert calls["/wxa/icp/query_icp_nrlx_types"] == {
            "calls": 21,
            "refusals": {"40001": 1},
            "faults": {},
        }
        await client.http.delete("/sandbox/calls")
        assert (await client.http.get("/sandbox/calls")).json() == {"calls": {}}


def test_the_same_seed_hits_the_same_calls() -> None:
    def hits(seed: int) -> list[bool]:
        fault = Fault("busy", percent=30.0, seed=seed)
        return [fault.hits(INFO) for _ in range(50)]

    assert hits(1) == hits(1) != hits(2)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (None, "faults"),
        ([{"kind": "fire"}], "kind"),
        ([{"kind": "busy", "percent": 101}], "percent"),
        ([{"kind": "busy", "paths": "/wxa/*"}], "paths"),
        ([{"kind": "busy", "rate": 5}], "rate"),
        ([{"kind": "busy", "next": -1}], "next"),
    ],
)
async def test_a_fault_that_cannot_be_is_refused(tmp_path: Path, rules: Any, field: str) -> None:
    async with sandbox(tmp_path / "a.sqlite") as client:
        reply = await client.http.post("/sandbox/faults", json={"faults": rules})
        assert [e["field"] for e in reply.json()["errors"]] == [field]
