"""Finding filings by agency, customer, name and number, by what the registry indexes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from filing.process.state import State
from filing.records import ListQuery
from gateways.filing_lists import conditions
from gateways.migrate import upgrade
from gateways.registry import Registry
from tests.many_filings import fill

NewState = Callable[..., State]

STANDS: tuple[dict[str, Any], ...] = (
    {"name": "昆山示例商城", "agency": "云帆", "customer": "C-1"},
    {"name": "示例 ＡＢＣ 商城", "agency": "云帆", "customer": "C-2"},
    {"name": "商示城例", "agency": "海天", "customer": "C-1"},
    {
        "name": "昆山100%_商城",
        "status": "approved",
        "filing_number": "苏ICP备2026000001号-1X",
        "subject_number": "苏ICP备2026000001号",
    },
    {"name": "别的", "filing_number": "苏ICP备2026000001号-2X"},
    {"name": "别的", "subject_number": "苏ICP备2026000002号"},
)


@pytest.fixture
async def province(registry: Registry, new_state: NewState, uid: str) -> str:
    """Filings in a province of this test's own."""
    of_its_own = f"{uid}省"
    for number, stands in enumerate(STANDS):
        await registry.write(new_state(uid=f"{uid}-{number}", province=of_its_own, **stands), ())
    return of_its_own


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"agency": "云帆"}, [0, 1]),
        ({"agency": "云"}, []),
        ({"customer": "C-1"}, [0, 2]),
        ({"agency": "海天", "customer": "C-1"}, [2]),
        ({"name": "示例"}, [0, 1]),
        ({"name": "商"}, [0, 1, 2, 3]),
        ({"name": "示例商城"}, [0]),
        ({"name": "abc 商"}, [1]),
        ({"name": "昆山商城"}, []),
        ({"name": "100%_商"}, [3]),
        ({"name": "0%商"}, []),
        ({"number": "苏ICP备2026000001号"}, [3, 4]),
        ({"number": "苏icp备2026000001号-1x"}, [3]),
        ({"number": "苏ICP备2026"}, [3, 4, 5]),
        ({"number": "苏ICP备2026000002号"}, [5]),
        ({"number": "%"}, []),
        ({"number": "苏ICP备2026_00001号"}, []),
        ({"name": "昆", "number": "苏ICP备2026000001号-1X"}, [3]),
    ],
)
async def test_a_list_by_name_number_agency_and_customer(
    registry: Registry, province: str, uid: str, filters: dict[str, Any], expected: list[int]
) -> None:
    query = ListQuery(open_only=False, province=province, **filters)
    found = await registry.list_filings(query)
    assert sorted(one.uid for one in found) == [f"{uid}-{number}" for number in expected]
    assert {(one.agency, one.customer) for one in found} == {
        (STANDS[number].get("agency"), STANDS[number].get("customer")) for number in expected
    }


async def test_a_new_name_and_another_agency_are_found_and_the_old_ones_not(
    registry: Registry, new_state: NewState, uid: str
) -> None:
    before = new_state(name=f"旧名{uid}", agency="云帆")
    after = new_state(name=f"新名{uid}", agency="海天", sequence=2, round=2)
    for state in (before, after, before):
        await registry.write(state, ())
    assert await registry.list_filings(ListQuery(name=f"旧名{uid}")) == []
    [found] = await registry.list_filings(ListQuery(name=f"新名{uid}"))
    assert found.agency == "海天"


@pytest.fixture(scope="module")
async def many(
    new_database: Callable[[str], Awaitable[str]],
) -> AsyncIterator[asyncpg.Connection]:
    """A registry of its own with 5,000 filings."""
    url = await new_database("postgres")
    await upgrade(url)
    connection = await asyncpg.connect(url)
    await fill(connection, 5_000)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (ListQuery(overdue=True), "filings_open_overdue"),
        (ListQuery(), "filings_open_due"),
        (ListQuery(name="示例商城"), "filing_names_parts"),
        (ListQuery(number="苏ICP备2026000777号-1X", open_only=False), "filings_number"),
        (ListQuery(agency="机构17"), "filings_agency"),
        (ListQuery(customer="C-7"), "filings_customer"),
    ],
)
async def test_an_index_answers_each_question(
    many: asyncpg.Connection, query: ListQuery, index: str
) -> None:
    where, values = conditions(query)
    plan = await many.fetch(
        f"explain select uid, view from filings where {where}"
        " order by due_at nulls last, started_at, uid limit 100",
        *values,
    )
    text = "\n".join(row[0] for row in plan)
    assert index in text
    assert "Seq Scan on filings" not in text
