"""Administrative divisions."""

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filing import divisions
from filing.divisions import Place, PlaceFault, locate


def _data() -> dict[str, Any]:
    file = resources.files("filing") / "data" / "divisions.json"
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data


def _fault(province: str, city: str, district: str) -> PlaceFault:
    found = locate(province, city, district)
    assert isinstance(found, PlaceFault)
    return found


def test_data_says_where_it_is_from() -> None:
    data = _data()
    assert {"source", "version", "licence", "retrieved", "newest_change"} <= data.keys()


def test_data_is_whole() -> None:
    provinces = _data()["provinces"]
    cities = [c for p in provinces.values() for c in p["cities"].values()]
    assert len(provinces) == 31
    assert 330 < len(cities) < 350
    assert 2840 < sum(len(c["districts"]) for c in cities) < 2870
    assert len({p["abbreviation"] for p in provinces.values()}) == 31
    for code, province in provinces.items():
        assert code.endswith("0000")
        for city_code, city in province["cities"].items():
            assert city_code.startswith(code[:2])
            assert city_code.endswith("00")
            assert city["districts"]
            assert all(d[:4] == city_code[:4] and len(d) == 6 for d in city["districts"])
            assert len(set(city["districts"].values())) == len(city["districts"])


def test_every_district_is_found_by_its_names() -> None:
    for province in _data()["provinces"].values():
        for city_code, city in province["cities"].items():
            for code, district in city["districts"].items():
                found = locate(province["name"], city["name"], district)
                assert isinstance(found, Place)
                assert (found.city_code, found.district_code) == (city_code, code)


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (("江苏省", "苏州市", "昆山市"), ("320000", "320500", "320583")),
        (("北京市", "北京市", "海淀区"), ("110000", "110100", "110108")),
        (("北京市", "市辖区", "海淀区"), ("110000", "110100", "110108")),
        (("重庆市", "重庆市", "城口县"), ("500000", "500200", "500229")),
        (("重庆市", "县", "城口县"), ("500000", "500200", "500229")),
        (("天津市", "天津市", "滨海新区"), ("120000", "120100", "120116")),
        (("湖北省", "省直辖县", "仙桃市"), ("420000", "429000", "429004")),
        (("湖北省", "省直辖县级行政区划", "仙桃市"), ("420000", "429000", "429004")),
        (("湖北省", "仙桃市", "仙桃市"), ("420000", "429000", "429004")),
        (("广东省", "东莞市", "东莞市"), ("440000", "441900", "441900")),
        (("新疆维吾尔自治区", "和田地区", "和安县"), ("650000", "653200", "653229")),
    ],
)
def test_codes(names: tuple[str, str, str], codes: tuple[str, str, str]) -> None:
    found = locate(*names)
    assert isinstance(found, Place)
    assert (found.province_code, found.city_code, found.district_code) == codes


def test_a_municipality_is_written_one_way() -> None:
    found = locate("北京市", "市辖区", "海淀区")
    assert isinstance(found, Place)
    assert found.city == "北京市"


@pytest.mark.parametrize(
    ("names", "field", "code", "told"),
    [
        (("江苏", "苏州市", "昆山市"), "province", "province.unknown", "是否应为江苏省"),
        (("香港特别行政区", "", ""), "province", "province.not_filed_here", "内地"),
        (("江苏省", "杭州市", "西湖区"), "city", "city.other_province", "苏州市"),
        (("江苏省", "昆山市", "昆山市"), "city", "city.is_district", "city 请填写苏州市"),
        (("江苏省", "苏州", "昆山市"), "city", "city.unknown", "是否应为苏州市"),
        (("江苏省", "北京市", "海淀区"), "city", "city.other_province", "苏州市"),
        (("江苏省", "市辖区", "昆山市"), "city", "city.unknown", "苏州市"),
        (("湖北省", "仙桃市", "潜江市"), "city", "city.is_district", "省直辖县"),
        (("江苏省", "苏州市", "西湖区"), "district", "district.other_city", "昆山市"),
        (("江苏省", "苏州市", "昆山"), "district", "district.unknown", "是否应为昆山市"),
        (("江苏省", "苏州市", "工业园区"), "district", "district.unknown", "实际所在的行政区"),
        (("广东省", "东莞市", "虎门镇"), "district", "district.unknown", "东莞市"),
    ],
)
def test_what_does_not_belong_together(
    names: tuple[str, str, str], field: str, code: str, told: str
) -> None:
    fault = _fault(*names)
    assert (fault.field, fault.code) == (field, code)
    assert told in fault.fix


def test_says_where_a_city_and_a_district_are() -> None:
    assert "杭州市属于浙江省" in _fault("江苏省", "杭州市", "西湖区").message
    assert "浙江省杭州市" in _fault("江苏省", "苏州市", "西湖区").message


@given(st.text(), st.text(), st.text())
def test_total_and_never_repeats_what_it_does_not_know(
    province: str, city: str, district: str
) -> None:
    assert isinstance(locate(province, city, district), PlaceFault)
    secret = f"§{city}"
    for fault in (locate("江苏省", secret, ""), locate("江苏省", "苏州市", secret)):
        assert isinstance(fault, PlaceFault)
        assert "§" not in fault.message + fault.fix


@pytest.mark.parametrize(
    ("province", "character", "code"),
    [
        ("江苏省", "苏", "320000"),
        ("四川省", "蜀", "510000"),
        ("甘肃省", "陇", "620000"),
        ("不存在", None, None),
    ],
)
def test_abbreviation(province: str, character: str | None, code: str | None) -> None:
    assert divisions.abbreviation(province) == character
    assert divisions.province_code(province) == code


def test_abbreviations_lead_back() -> None:
    for province in divisions.provinces():
        character = divisions.abbreviation(province)
        assert character is not None
        assert divisions.province_of_abbreviation(character) == province
    assert divisions.province_of_abbreviation("川") is None


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("江苏省苏州市昆山市示例路1号", None),
        ("昆山市示例路1号", None),
        ("示例路1号", None),
        ("", None),
        ("江苏省苏州市示例工业园区1号", None),
        ("江苏省苏州市吴江区示例路1号", ("district", "吴江区")),
        ("吴江区示例路1号", ("district", "吴江区")),
        ("南京市玄武区示例路1号", ("city", "南京市")),
        ("江苏省苏州市太仓市场路1号", None),
        ("南京市场路1号", None),
    ],
)
def test_an_address_elsewhere(address: str, told: tuple[str, str] | None) -> None:
    place = divisions.locate("江苏省", "苏州市", "昆山市")
    assert isinstance(place, Place)
    assert divisions.elsewhere(place, address) == told


@pytest.mark.parametrize(
    ("names", "address", "told"),
    [
        (("上海市", "上海市", "徐汇区"), "上海市徐汇区示例路1号", None),
        (("上海市", "市辖区", "徐汇区"), "上海市浦东新区示例路1号", ("district", "浦东新区")),
        (("广东省", "东莞市", "东莞市"), "广东省东莞市示例路1号", None),
        (("海南省", "省直辖县", "文昌市"), "海南省文昌市示例路1号", None),
        (("海南省", "省直辖县", "文昌市"), "海南省海口市示例路1号", ("city", "海口市")),
    ],
)
def test_an_address_where_cities_are_special(
    names: tuple[str, str, str], address: str, told: tuple[str, str] | None
) -> None:
    place = divisions.locate(*names)
    assert isinstance(place, Place)
    assert divisions.elsewhere(place, address) == told
